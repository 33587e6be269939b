// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// The seam between the event log and the operating system. Everything that the log does to files goes
/// through here, so that a test can make any call fail, or record the calls and replay what a power loss may
/// leave of them.
namespace aludel::os {

/// A read-only view of a file's bytes. Bytes that the file gains later inside `size()` become visible in it.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] virtual const std::byte* data() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// From where on zeros stand in for bytes that were touched and could not be had: the file has been cut, or
  /// its disk cannot read them.
  [[nodiscard]] virtual std::optional<std::size_t> lost_from() const = 0;
};

/// Which file it is, among all of the machine, and how large.
struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  ///< wall clock

  bool operator==(const FileStatus&) const = default;
  [[nodiscard]] bool same_file(const FileStatus& other) const {
    return device == other.device && inode == other.inode;
  }
};

/// An open file. Calls from several threads must not overlap, but for `read_at`.
/// EINTR and short transfers are dealt with inside: an operation is done whole, or fails.
class File {
 public:
  virtual ~File() = default;

  /// Reads up to `buffer.size()` bytes from `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) = 0;
  /// Writes all `parts`, one after the other, from `offset` on. A failure may have written any part of them.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) = 0;
  /// fdatasync: the bytes, and what metadata is needed to read them back.
  virtual Result<void> sync_data() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<FileStatus> status() = 0;
  /// Maps the first `size` bytes read-only. `size` may exceed the file's present size.
  virtual Result<std::unique_ptr<Mapping>> map(std::size_t size) = 0;
};

enum class OpenMode {
  read,        ///< must exist
  read_write,  ///< must exist
  create_new,  ///< read and write; must not exist
};

/// The calls on names. Any thread may call.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) = 0;
  /// Atomic; replaces `to`. Durable only after `sync_directory` of the folder.
  virtual Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Result<void> remove(const std::filesystem::path& path) = 0;
  /// Another name for a file, or for what a link leads to; it must not exist. Not every file system has that,
  /// none over its border.
  virtual Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to);
  /// What has the name.
  virtual Result<FileStatus> status(const std::filesystem::path& path) = 0;
  /// Makes one folder, whose entry is not yet durable.
  /// @return false if it is there already; not_found if its parent is not
  virtual Result<bool> create_directory(const std::filesystem::path& path) = 0;
  /// Makes the folder and its missing parents, and their entries durable; done already is done.
  Result<void> create_directories(const std::filesystem::path& path);
  /// Makes the folder's entries durable (names made, renamed, removed).
  virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
  /// How many bytes the file system that holds it still takes from this process.
  virtual Result<std::uint64_t> free_space(const std::filesystem::path& path) = 0;
  /// The names in a folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& path) = 0;
};

/// Told of each portion of a long piece of work.
using BytesDone = std::function<void(std::uint64_t bytes)>;

/// Makes a file of the first `size` bytes of another one, and syncs it.
/// @param to must not exist; after a failure it may be there in part
/// @return corrupt if `from` is shorter; io, disk_full, ...
[[nodiscard]] Result<void> copy_file(FileSystem& files, const std::filesystem::path& from,
                                     const std::filesystem::path& to, std::uint64_t size,
                                     const BytesDone& done);

/// Whether the name is there, be it a link that leads nowhere.
[[nodiscard]] Result<bool> is_there(const std::filesystem::path& path);

/// Removes a file or a folder with all that it holds; links are not followed. What is not there is removed.
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path);

/// The machine's file system.
[[nodiscard]] FileSystem& real_file_system();

}  // namespace aludel::os
