// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.hpp"
#include "log/log_copy.hpp"
#include "runtime/data_directory.hpp"
#include "runtime/verification.hpp"

namespace aludel {

/// What a copy of a data directory holds.
struct DataCopy {
  std::uint64_t first = 0;  ///< of the events that are kept
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  ///< of the log
  std::uint64_t projections = 0;
  LogCopyStats log;
  std::uint64_t copied_bytes = 0;  ///< not shared with anything: of the log and of databases
};

/// Bytes done and in all, of what goes on.
using CopyProgress = std::function<void(const char* what, std::uint64_t done, std::uint64_t total)>;

/// Copies log, processors and config while a host may be at work, so that the copy can be opened like any
/// data directory: the processors as they are at one moment, and the log up to there, so that it holds what
/// they know of, and nothing that they have emitted since; and the log's sealed segments before them, so that
/// what they still need of it is not dropped meanwhile. The copy is synced, and verified.
/// @param to an empty folder
/// @param earlier_log of another copy, to link to where `from` cannot; or empty
/// @return corrupt: what was copied is not good; stopped: things change too fast; or why it failed
[[nodiscard]] Result<DataCopy> copy_data(const DataDirectory& from, const DataDirectory& to,
                                         const std::filesystem::path& earlier_log,
                                         const CopyProgress& progress);

/// Looks at a copy that was made before, all of it.
/// @return corrupt: it is not good; or why it cannot be verified
[[nodiscard]] Result<DataCopy> look_at_copy(const DataDirectory& copy, const CopyProgress& progress);

}  // namespace aludel
