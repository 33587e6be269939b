// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"

/// Landlock: a process gives up access to files, for good, without any privilege
/// (https://docs.kernel.org/userspace-api/landlock.html).
namespace aludel::os {

/// What is left to whoever is restricted. A folder stands for all that is in it; a path that is not there is
/// passed over.
struct FileRules {
  std::vector<std::filesystem::path> writable;  ///< files, folders and links are read and changed at will
  bool limits_reading = false;                  ///< else everything may be read
  std::vector<std::filesystem::path> readable;  ///< beside what is writable
  bool limits_tcp = true;                       ///< no connections, no ports (Landlock 4)
};

/// Which Landlock the kernel has (its "ABI"), 0 if none or if it is switched off. From 3 on it sees a file
/// being truncated, from 4 on TCP, from 5 on ioctl on devices, from 6 on signals and abstract sockets.
[[nodiscard]] int landlock_version();

/// Holds from here on for this thread and whatever it starts, threads, processes and programs, so call it
/// before there are others. Starting a program is out of the question. What the kernel's version does not
/// know is not restricted. Needs `give_up_privileges`.
/// @return unsupported: there is no Landlock
[[nodiscard]] Result<void> restrict_files(const FileRules& rules);

}  // namespace aludel::os
