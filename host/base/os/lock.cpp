// SPDX-License-Identifier: MIT
#include "base/os/lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

#include "base/os/regular_file.hpp"

namespace aludel::os {

namespace {

constexpr std::size_t pid_width = 12;  // of any process id, padded: so a shorter one covers a longer one

struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

std::string holder_in(int file) {
  char text[pid_width] = {};
  const auto size = ::pread(file, text, sizeof text, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.erase(pid.find_last_not_of(" \n") + 1);
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
  return take(path, F_OFD_SETLK);
}

Result<FileLock> FileLock::wait(const std::filesystem::path& path) {
  return take(path, F_OFD_SETLKW);
}

Result<FileLock> FileLock::take(const std::filesystem::path& path, int how) {
  // No link is followed: a plugin may have put one into its folder, and this is written into.
  auto file = open_regular_file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (!file) {
    auto error = file.error();
    if (error.code == ErrorCode::denied)
      error.message += ": run as the owner of that folder, on a disk that can be written";
    return error;
  }
  auto range = whole_file(F_WRLCK);
  int failed = 0;
  do {
    failed = ::fcntl(file->number(), how, &range);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0) {
    if (errno != EAGAIN && errno != EACCES) return os_error("lock " + path.string(), errno);
    return Error(ErrorCode::locked, "lock " + path.string() + ": " + holder_in(file->number()) +
                                        " holds it: stop that first, or go through it");
  }
  auto pid = std::to_string(::getpid());
  pid.resize(pid_width - 1, ' ');
  pid += '\n';
  errno = ENOSPC;  // which a write that stops half-way does not say
  if (::pwrite(file->number(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return os_error("write process id into " + path.string(), errno);
  }
  return FileLock(std::move(*file));
}

Result<bool> FileLock::is_at(const std::filesystem::path& path) const {
  struct stat own {};
  struct stat named {};
  if (::fstat(file_.number(), &own) != 0) return os_error("look at lock " + path.string(), errno);
  if (::stat(path.c_str(), &named) == 0) return own.st_dev == named.st_dev && own.st_ino == named.st_ino;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return os_error("look at lock " + path.string(), errno);
}

Result<bool> FileLock::held(const std::filesystem::path& path) {
  const auto file = open_regular_file(path, O_RDONLY);
  if (!file && file.error().code == ErrorCode::not_found) return false;
  if (!file) return file.error();
  auto range = whole_file(F_WRLCK);
  if (::fcntl(file->number(), F_OFD_GETLK, &range) != 0)
    return os_error("probe lock " + path.string(), errno);
  return range.l_type != F_UNLCK;
}

}  // namespace aludel::os
