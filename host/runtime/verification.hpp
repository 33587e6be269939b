// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/verify.hpp"
#include "runtime/data_directory.hpp"

namespace aludel {

struct ProcessorFault {
  std::filesystem::path file;  ///< or folder
  std::string processor;       ///< empty: it is about all of them
  std::string what;
  /// conflict: the database is whole, but not of this log's history; another one: it could not be read
  ErrorCode code = ErrorCode::corrupt;
};

/// What is right and wrong in a data directory.
struct Verification {
  VerifyReport log;
  std::uint64_t projections = 0;  ///< that are whole
  std::vector<ProcessorFault> faults;

  [[nodiscard]] bool good() const { return log.faults.empty() && faults.empty(); }
  [[nodiscard]] std::size_t fault_count() const { return log.faults.size() + faults.size(); }
};

[[nodiscard]] std::string describe(const VerifyFault& fault);
[[nodiscard]] std::string describe(const ProcessorFault& fault);

/// Checks every byte of the log, and every projection with its commands, while others may be at work. Changes
/// nothing.
/// @param marks as `verify_log` has it
/// @param progress told of the log's bytes, then of the projections'
/// @return not_found: there is no log; io
[[nodiscard]] Result<Verification> verify_data(const DataDirectory& data, std::span<const KnownMark> marks,
                                               const VerifyProgress& progress);

}  // namespace aludel
