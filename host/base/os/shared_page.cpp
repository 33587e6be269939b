// SPDX-License-Identifier: MIT
#include "base/os/shared_page.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

#include "base/os/descriptor.hpp"
#include "base/os/regular_file.hpp"

namespace aludel::os {

namespace {

Result<std::size_t> size_of(int file, const std::filesystem::path& path) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return os_error("look at " + path.string(), errno);
  return static_cast<std::size_t>(about.st_size);
}

}  // namespace

Result<SharedPage> SharedPage::map(Descriptor file, MappedMemory::Access access,
                                   const std::filesystem::path& path) {
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) return os_error("look at " + path.string(), errno);
  auto memory = MappedMemory::map(file.number(), size, access, path.string());
  if (!memory) return memory.error();
  return SharedPage(std::move(file), std::move(*memory), about.st_dev, about.st_ino);
}

Result<SharedPage> SharedPage::open(const std::filesystem::path& path) {
  // No link is followed: a plugin may have put one into its folder.
  auto file = open_regular_file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (!file) return file.error();
  const auto now = size_of(file->number(), path);
  if (!now) return now.error();
  if (*now < size) {
    // Written, not just sized: storing to a hole on a full disk would end the process.
    const std::string zeros(size - *now, '\0');
    const auto done = ::pwrite(file->number(), zeros.data(), zeros.size(), static_cast<off_t>(*now));
    if (done != static_cast<ssize_t>(zeros.size())) {
      return os_error("write " + path.string(), done < 0 ? errno : ENOSPC);
    }
  }
  return map(std::move(*file), MappedMemory::Access::read_write, path);
}

Result<SharedPage> SharedPage::open_read_only(const std::filesystem::path& path) {
  auto file = open_regular_file(path, O_RDONLY);
  if (!file) return file.error();
  const auto now = size_of(file->number(), path);
  if (!now) return now.error();
  if (*now < size) return Error(ErrorCode::not_found, "map " + path.string() + ": it is not made yet");
  return map(std::move(*file), MappedMemory::Access::read, path);
}

bool SharedPage::whole() const {
  struct stat about {};
  return !lost() && ::fstat(file_.number(), &about) == 0 && static_cast<std::size_t>(about.st_size) >= size;
}

bool SharedPage::is_at(const std::filesystem::path& path) const {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && about.st_dev == device_ && about.st_ino == inode_;
}

}  // namespace aludel::os
