// SPDX-License-Identifier: MIT
#include "base/os/write_access.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace aludel::os {

Result<std::string> other_writers(const std::filesystem::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return os_error("look at " + path.string(), errno);
  if (about.st_uid != ::geteuid() && about.st_uid != 0) {
    return fmt::format("it belongs to user {}", about.st_uid);
  }
  if (S_ISDIR(about.st_mode) && (about.st_mode & S_ISVTX) != 0) return std::string();
  const auto mode = about.st_mode & 07777;
  if ((mode & S_IWOTH) != 0) return fmt::format("everybody may write to it (mode {:04o})", mode);
  const bool foreign_group = about.st_gid != ::getegid() && about.st_gid != 0;
  if ((mode & S_IWGRP) != 0 && foreign_group) {
    return fmt::format("group {} may write to it (mode {:04o})", about.st_gid, mode);
  }
  return std::string();
}

}  // namespace aludel::os
