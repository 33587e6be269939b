// SPDX-License-Identifier: MIT
#include "support/memory_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace aludel {

class MemoryFileSystem::MemoryMapping final : public os::Mapping {
 public:
  MemoryMapping(SharedNode node, std::size_t size) : node_(std::move(node)), size_(size) {}
  [[nodiscard]] const std::byte* data() const override {
    return reinterpret_cast<const std::byte*>(node_->bytes.get());
  }
  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] std::optional<std::size_t> lost_from() const override { return std::nullopt; }

 private:
  const SharedNode node_;
  const std::size_t size_;
};

class MemoryFileSystem::MemoryFile final : public os::File {
 public:
  explicit MemoryFile(SharedNode node) : node_(std::move(node)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    if (offset >= node_->size) return std::size_t{0};
    const auto size = std::min<std::size_t>(buffer.size(), node_->size - offset);
    std::memcpy(buffer.data(), node_->bytes.get() + offset, size);
    return size;
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    for (const auto part : parts) {
      ALUDEL_ASSERT(offset + part.size() <= size_max);
      std::memcpy(node_->bytes.get() + offset, part.data(), part.size());
      offset += part.size();
    }
    node_->size = std::max<std::size_t>(node_->size, offset);
    return {};
  }
  Result<void> sync_data() override { return {}; }
  Result<void> truncate(std::uint64_t size) override {
    ALUDEL_ASSERT(size <= size_max);
    if (size < node_->size) std::memset(node_->bytes.get() + size, 0, node_->size - size);
    node_->size = size;
    return {};
  }
  Result<std::uint64_t> size() override { return std::uint64_t{node_->size}; }
  Result<os::FileStatus> status() override { return os::FileStatus{0, node_->inode, node_->size}; }
  Result<std::unique_ptr<os::Mapping>> map(std::size_t size) override {
    ALUDEL_ASSERT(size <= size_max);
    return std::make_unique<MemoryMapping>(node_, size);
  }

 private:
  const SharedNode node_;
};

MemoryFileSystem::MemoryFileSystem(std::filesystem::path folder, const FolderContent& content)
    : folder_(std::move(folder)) {
  for (const auto& [name, bytes] : content) {
    ALUDEL_ASSERT(bytes.size() <= size_max);
    const auto node = add(name);
    std::memcpy(node->bytes.get(), bytes.data(), bytes.size());
    node->size = bytes.size();
  }
}

FolderContent MemoryFileSystem::content() const {
  FolderContent content;
  for (const auto& [name, node] : nodes_)
    content.emplace(name, std::string(node->bytes.get(), node->size));
  return content;
}

MemoryFileSystem::SharedNode MemoryFileSystem::add(const std::string& name) {
  auto node = std::make_shared<Node>();
  node->inode = ++inodes_;
  nodes_[name] = node;
  return node;
}

Result<MemoryFileSystem::SharedNode> MemoryFileSystem::find(const char* what,
                                                            const std::filesystem::path& path) const {
  const auto found = path.parent_path() == folder_ ? nodes_.find(path.filename().string()) : nodes_.end();
  if (found == nodes_.end()) return os_error(std::string(what) + " " + path.string(), ENOENT);
  return found->second;
}

Result<std::unique_ptr<os::File>> MemoryFileSystem::open(const std::filesystem::path& path,
                                                         os::OpenMode mode) {
  if (mode == os::OpenMode::create_new) {
    ALUDEL_ASSERT(path.parent_path() == folder_);
    if (nodes_.contains(path.filename().string())) return os_error("open " + path.string(), EEXIST);
    return std::make_unique<MemoryFile>(add(path.filename().string()));
  }
  auto node = find("open", path);
  if (!node) return node.error();
  return std::make_unique<MemoryFile>(std::move(*node));
}

Result<void> MemoryFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto node = find("rename", from);
  if (!node) return node.error();
  nodes_.erase(from.filename().string());
  nodes_[to.filename().string()] = *node;
  return {};
}

Result<void> MemoryFileSystem::remove(const std::filesystem::path& path) {
  if (auto node = find("remove", path); !node) return node.error();
  nodes_.erase(path.filename().string());
  return {};
}

Result<os::FileStatus> MemoryFileSystem::status(const std::filesystem::path& path) {
  const auto node = find("look at", path);
  if (!node) return node.error();
  return os::FileStatus{0, (*node)->inode, (*node)->size};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::filesystem::path& path) {
  ALUDEL_ASSERT(path == folder_);
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_)
    names.push_back(name);
  return names;
}

}  // namespace aludel
