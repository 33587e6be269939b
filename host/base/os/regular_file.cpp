// SPDX-License-Identifier: MIT
#include "base/os/regular_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace aludel::os {

namespace {

const char* kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISDIR(mode)) return "a folder";
  return "a device";
}

Result<void> check(const struct stat& about, const std::filesystem::path& path) {
  if (S_ISREG(about.st_mode)) return {};
  return Error(ErrorCode::corrupt, "open " + path.string() + ": it is " + kind_of(about.st_mode) +
                                       ", where a file should be: look who has put it there, and remove it");
}

}  // namespace

Result<Descriptor> open_regular_file(const std::filesystem::path& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file.valid()) return os_error("open " + path.string(), errno);
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) return os_error("look at " + path.string(), errno);
  if (auto regular = check(about, path); !regular) return regular.error();
  return file;
}

Result<void> require_regular_file(const std::filesystem::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0) return check(about, path);
  if (errno == ENOENT || errno == ENOTDIR) return {};
  return os_error("look at " + path.string(), errno);
}

}  // namespace aludel::os
