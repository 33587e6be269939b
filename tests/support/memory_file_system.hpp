// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/file.hpp"

namespace aludel {

/// The files of one folder: bytes by name.
using FolderContent = std::map<std::string, std::string>;

/// One folder's files in memory, for tests that go through so many of them that a disk would be too slow. Of
/// other folders only calls that change nothing here are taken. For one thread.
///
/// A file may be up to `size_max` large, so that mappings see what is written after they were made.
class MemoryFileSystem final : public os::FileSystem {
 public:
  static constexpr std::size_t size_max = 64 * 1024;

  explicit MemoryFileSystem(std::filesystem::path folder, const FolderContent& content = {});

  [[nodiscard]] FolderContent content() const;

  Result<std::unique_ptr<os::File>> open(const std::filesystem::path& path, os::OpenMode mode) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<os::FileStatus> status(const std::filesystem::path& path) override;
  Result<bool> create_directory(const std::filesystem::path&) override { return false; }
  Result<void> sync_directory(const std::filesystem::path&) override { return {}; }
  Result<std::uint64_t> free_space(const std::filesystem::path&) override {
    return std::numeric_limits<std::uint64_t>::max();
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& path) override;

 private:
  struct Node {
    std::unique_ptr<char[]> bytes = std::make_unique<char[]>(size_max);
    std::size_t size = 0;
    std::uint64_t inode = 0;
  };
  // Owned by the folder while the name is there, and by whoever has the file open or mapped.
  using SharedNode = std::shared_ptr<Node>;
  class MemoryFile;
  class MemoryMapping;

  SharedNode add(const std::string& name);
  Result<SharedNode> find(const char* what, const std::filesystem::path& path) const;

  const std::filesystem::path folder_;
  std::map<std::string, SharedNode> nodes_;
  std::uint64_t inodes_ = 0;
};

}  // namespace aludel
