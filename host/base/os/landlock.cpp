// SPDX-License-Identifier: MIT
#include "base/os/landlock.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os/descriptor.hpp"

namespace aludel::os {

namespace {

// As in Linux 6.12, include/uapi/linux/landlock.h; the header that is installed may be older.
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};
constexpr std::uint64_t access_refer = 1ULL << 13;
constexpr std::uint64_t access_truncate = 1ULL << 14;
constexpr std::uint64_t access_ioctl_dev = 1ULL << 15;
constexpr std::uint64_t access_bind_and_connect_tcp = 3;
constexpr std::uint64_t scope_abstract_sockets_and_signals = 3;

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

// Left to nobody: whoever opens what is no file may wait for ever.
constexpr std::uint64_t making_others = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                        LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO;

std::uint64_t writing(int version) {
  std::uint64_t access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                         LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                         LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (version >= 2) access |= access_refer;
  if (version >= 3) access |= access_truncate;
  return access;
}

// Of those, the ones that a file can have; the kernel takes no others for it.
constexpr std::uint64_t of_a_file =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate;

Result<Descriptor> make_ruleset(const FileRules& rules, int version) {
  RulesetAttributes handled{LANDLOCK_ACCESS_FS_EXECUTE | making_others | writing(version), 0, 0};
  if (rules.limits_reading) handled.files |= reading;
  if (version >= 5) handled.files |= access_ioctl_dev;
  if (version >= 4 && rules.limits_tcp) handled.network = access_bind_and_connect_tcp;
  if (version >= 6) handled.scoped = scope_abstract_sockets_and_signals;
  std::size_t size = sizeof handled.files;
  if (version >= 4) size += sizeof handled.network;
  if (version >= 6) size += sizeof handled.scoped;
  Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size, 0)));
  if (!ruleset.valid()) return os_error("make rules for Landlock", errno);
  return ruleset;
}

Result<void> allow(const Descriptor& ruleset, const std::filesystem::path& path, std::uint64_t access) {
  const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid()) return {};  // nothing there: nothing to be had
  struct stat about {};
  if (::fstat(place.number(), &about) != 0) return os_error("look at " + path.string(), errno);
  if (!S_ISDIR(about.st_mode)) access &= of_a_file;
  const landlock_path_beneath_attr rule{access, place.number()};
  if (::syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return os_error("make a rule of Landlock for " + path.string(), errno);
  }
  return {};
}

}  // namespace

int landlock_version() {
  const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

Result<void> restrict_files(const FileRules& rules) {
  const int version = landlock_version();
  if (version == 0) return Error(ErrorCode::unsupported, "restrict files: this kernel has no Landlock");
  auto ruleset = make_ruleset(rules, version);
  if (!ruleset) return ruleset.error();
  const auto read = rules.limits_reading ? reading : 0;
  for (const auto& path : rules.writable) {
    if (auto allowed = allow(*ruleset, path, read | writing(version)); !allowed) return allowed;
  }
  for (const auto& path : rules.readable) {
    if (!rules.limits_reading) break;
    if (auto allowed = allow(*ruleset, path, reading); !allowed) return allowed;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset->number(), 0) != 0) {
    return os_error("restrict files by Landlock", errno);
  }
  return {};
}

}  // namespace aludel::os
