// SPDX-License-Identifier: MIT
#include "support/unsynced.hpp"

#include <optional>
#include <sys/stat.h>

namespace aludel {

namespace {

using Inode = std::pair<std::uint64_t, std::uint64_t>;

std::optional<Inode> inode_of(const std::filesystem::path& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return std::nullopt;
  return Inode(about.st_dev, about.st_ino);
}

std::optional<Inode> inode_of(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0) return std::nullopt;
  return Inode(about.st_dev, about.st_ino);
}

}  // namespace

std::vector<std::string> Unsynced::in(const std::filesystem::path& tree) const {
  std::vector<std::string> found;
  const auto look = [&](const std::filesystem::path& path) {
    const auto inode = inode_of(path);
    if (inode && dirty_.contains(*inode) && path.filename() != "lock") found.push_back(path.string());
  };
  look(tree);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree))
    look(entry.path());
  return found;
}

system_call_fate Unsynced::before(const system_call& call) {
  if (call.kind == SYSTEM_CALL_CREATE) is_new_ = !inode_of(std::filesystem::path(call.path));
  if (call.kind == SYSTEM_CALL_RENAME && on_rename) on_rename(call.path, call.to);
  return SYSTEM_CALL_WHOLE;
}

void Unsynced::after(const system_call& call) {
  switch (call.kind) {
    case SYSTEM_CALL_OTHER: return;
    case SYSTEM_CALL_CREATE:
    case SYSTEM_CALL_NAME:
      if (call.folder == 0 && is_new_) name_changed(call.path);
      // Its number may be that of one that has gone.
      if (const auto inode = inode_of(std::filesystem::path(call.path)); inode && is_new_)
        dirty_.erase(*inode);
      return;
    case SYSTEM_CALL_RENAME:
      name_changed(call.path);
      name_changed(call.to);
      return;
    case SYSTEM_CALL_WRITE:
    case SYSTEM_CALL_TRUNCATE:
      if (const auto inode = inode_of(call.file)) dirty_.insert(*inode);
      return;
    case SYSTEM_CALL_SYNC:
      if (const auto inode = inode_of(call.file)) dirty_.erase(*inode);
      return;
  }
}

void Unsynced::name_changed(const std::filesystem::path& path) {
  const auto folder = path.parent_path();
  if (const auto inode = inode_of(folder.empty() ? "." : folder)) dirty_.insert(*inode);
}

}  // namespace aludel
