// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// An exclusive lock on a file, held until it is destroyed or its process ends, however that comes about. The
/// file stays; while the lock is held it names the holder's process id. Belongs to the open file, not to the
/// process: two locks in one process exclude each other too.
class FileLock {
 public:
  /// Takes the lock, making the file if there is none. Does not wait.
  /// @return locked, naming the holder
  static Result<FileLock> acquire(const std::filesystem::path& path);
  /// The same, but waits until it is free.
  static Result<FileLock> wait(const std::filesystem::path& path);

  /// Whether the name leads to this lock's file: if not, others may hold a lock of that name.
  [[nodiscard]] Result<bool> is_at(const std::filesystem::path& path) const;

  /// Whether anybody holds the lock, the caller included. Looking never makes an `acquire` fail.
  static Result<bool> held(const std::filesystem::path& path);

 private:
  static Result<FileLock> take(const std::filesystem::path& path, int how);

  explicit FileLock(Descriptor file) : file_(std::move(file)) {}

  Descriptor file_;
};

}  // namespace aludel::os
