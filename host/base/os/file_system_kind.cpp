// SPDX-License-Identifier: MIT
#include "base/os/file_system_kind.hpp"

#include <cerrno>
#include <sys/vfs.h>

namespace aludel::os {

std::optional<std::string_view> unreliable_file_system(std::uint64_t magic) {
  switch (static_cast<std::uint32_t>(magic)) {
    case 0x00006969: return "NFS";
    case 0x0000517B:
    case 0xFE534D42:
    case 0xFF534D42: return "SMB";
    case 0x01021997: return "9p";
    case 0x5346414F:
    case 0x6B414653: return "AFS";
    case 0x73757245: return "Coda";
    case 0x00C36400: return "Ceph";
    case 0x0BD00BD0: return "Lustre";
    case 0x01161970: return "GFS2";
    case 0x7461636F: return "OCFS2";
    // sshfs and others over a network cannot be told from local ones.
    case 0x65735546: return "FUSE";
    default: return std::nullopt;
  }
}

Result<void> require_local_file_system(const std::filesystem::path& folder) {
  struct statfs about {};
  while (::statfs(folder.c_str(), &about) != 0) {
    if (errno != EINTR) return os_error("find the file system of " + folder.string(), errno);
  }
  const auto name = unreliable_file_system(static_cast<std::uint64_t>(about.f_type));
  if (!name) return {};
  return Error(ErrorCode::unsupported,
               "use " + folder.string() + ": it lies on " + std::string(*name) +
                   ", where locks and syncs cannot be relied upon: choose a folder on "
                   "a local disk");
}

}  // namespace aludel::os
