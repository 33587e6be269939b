// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aludel {

/// What was done to the files of one folder, as far as a power loss is concerned. Files are numbered: those
/// that were there first, in the order of their names, from 1; then each that is made.
struct FileCall {
  enum class Kind {
    create,       ///< `name`, with `bytes` from the beginning if it is a link
    write,        ///< `bytes` at `offset`
    truncate,     ///< to the size `offset`
    sync,         ///< what was done to the file before is durable
    failed_sync,  ///< what was done to it before may be durable, and no later sync makes it so
    rename,       ///< `name` to `to`
    remove,       ///< `name`
    sync_folder,  ///< what was done to names before is durable
  } kind;
  int file = 0;
  std::uint64_t offset = 0;
  std::string bytes = {};
  std::string name = {};
  std::string to = {};
};

using FileCalls = std::vector<FileCall>;

}  // namespace aludel
