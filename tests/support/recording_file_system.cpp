// SPDX-License-Identifier: MIT
#include "support/recording_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <random>
#include <utility>

namespace aludel {

namespace {

constexpr std::size_t sector = 512;

void put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

// A change that no sync has made durable.
struct Pending {
  std::uint64_t offset = 0;
  std::optional<std::string> bytes;  // nothing: a cut at `offset`
};

struct Node {
  std::string durable;
  std::vector<Pending> pending;

  [[nodiscard]] std::string after(Loss loss, std::mt19937& random) const {
    auto content = durable;
    if (loss == Loss::all) return content;
    for (const auto& change : pending) {
      if (!change.bytes) {
        if (loss == Loss::none || random() % 2 == 0) content.resize(change.offset);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes->size();) {
        const auto size = std::min(sector - (change.offset + at) % sector, change.bytes->size() - at);
        if (loss == Loss::none || random() % 2 == 0) {
          put(content, change.offset + at, std::string_view(*change.bytes).substr(at, size));
        }
        at += size;
      }
    }
    return content;
  }
};

}  // namespace

class RecordingFileSystem::RecordingFile final : public os::File {
 public:
  RecordingFile(RecordingFileSystem& files, int node, std::unique_ptr<os::File> under)
      : files_(files), node_(node), under_(std::move(under)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    return under_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    Call call{Call::Kind::write, node_, offset};
    for (const auto part : parts)
      call.bytes += part;
    files_.record(std::move(call));
    return under_->write_at(offset, parts);
  }
  Result<void> sync_data() override {
    if (files_.fail_syncs_) return os_error("sync", EIO);
    files_.record({Call::Kind::sync, node_});
    return {};  // whether it happens on this machine is of no account
  }
  Result<void> truncate(std::uint64_t size) override {
    files_.record({Call::Kind::truncate, node_, size});
    return under_->truncate(size);
  }
  Result<std::uint64_t> size() override { return under_->size(); }
  Result<os::FileStatus> status() override { return under_->status(); }
  Result<std::unique_ptr<os::Mapping>> map(std::size_t size) override { return under_->map(size); }

 private:
  RecordingFileSystem& files_;
  const int node_;
  const std::unique_ptr<os::File> under_;
};

std::size_t RecordingFileSystem::position() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void RecordingFileSystem::record(Call call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
}

Result<std::unique_ptr<os::File>> RecordingFileSystem::open(const std::filesystem::path& path,
                                                            os::OpenMode mode) {
  auto file = os::real_file_system().open(path, mode);
  if (!file) return file.error();
  const auto name = path.filename().string();
  const std::lock_guard lock(mutex_);
  if (mode == os::OpenMode::create_new) {
    nodes_[name] = ++nodes_made_;
    calls_.push_back({Call::Kind::create, nodes_made_, 0, name});
  }
  return std::make_unique<RecordingFile>(*this, nodes_.at(name), std::move(*file));
}

Result<void> RecordingFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (auto ok = os::real_file_system().rename(from, to); !ok) return ok;
  const std::lock_guard lock(mutex_);
  nodes_[to.filename().string()] = nodes_.at(from.filename().string());
  nodes_.erase(from.filename().string());
  calls_.push_back({Call::Kind::rename, 0, 0, from.filename().string(), to.filename().string()});
  return {};
}

Result<void> RecordingFileSystem::remove(const std::filesystem::path& path) {
  if (auto ok = os::real_file_system().remove(path); !ok) return ok;
  const std::lock_guard lock(mutex_);
  nodes_.erase(path.filename().string());
  calls_.push_back({Call::Kind::remove, 0, 0, path.filename().string()});
  return {};
}

Result<os::FileStatus> RecordingFileSystem::status(const std::filesystem::path& path) {
  return os::real_file_system().status(path);
}

Result<bool> RecordingFileSystem::create_directory(const std::filesystem::path& path) {
  return os::real_file_system().create_directory(path);
}

Result<void> RecordingFileSystem::sync_directory(const std::filesystem::path& path) {
  if (path == folder_) record({Call::Kind::sync_folder});
  return {};
}

Result<std::vector<std::string>> RecordingFileSystem::list(const std::filesystem::path& path) {
  return os::real_file_system().list(path);
}

void RecordingFileSystem::write_survivors(std::size_t calls, Loss loss, std::uint32_t seed,
                                          const std::filesystem::path& target) const {
  std::map<int, Node> nodes;
  std::map<std::string, int> names;
  std::map<std::string, int> durable_names;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < calls; ++i) {
    const auto& call = calls_[i];
    switch (call.kind) {
      case Call::Kind::create: names[call.bytes] = call.node; break;
      case Call::Kind::write: nodes[call.node].pending.push_back({call.offset, call.bytes}); break;
      case Call::Kind::truncate: nodes[call.node].pending.push_back({call.offset, std::nullopt}); break;
      case Call::Kind::sync: {
        std::mt19937 unused;
        auto& node = nodes[call.node];
        node.durable = node.after(Loss::none, unused);
        node.pending.clear();
        break;
      }
      case Call::Kind::rename:
        names[call.to] = names.at(call.bytes);
        names.erase(call.bytes);
        break;
      case Call::Kind::remove: names.erase(call.bytes); break;
      case Call::Kind::sync_folder: durable_names = names; break;
    }
  }
  std::mt19937 random(seed);
  std::filesystem::remove_all(target);
  std::filesystem::create_directories(target);
  const bool present_names = loss == Loss::none || (loss == Loss::random && random() % 2 == 0);
  for (const auto& [name, node] : present_names ? names : durable_names) {
    std::ofstream(target / name, std::ios::binary) << nodes[node].after(loss, random);
  }
}

}  // namespace aludel
