// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "log/catalog.hpp"
#include "log/known_mark.hpp"

namespace aludel {

struct VerifyFault {
  std::filesystem::path file;
  std::uint64_t offset = 0;
  std::string what;
  ErrorCode code = ErrorCode::corrupt;  ///< another one: it could not be read
};

struct VerifyReport {
  std::uint64_t events = 0;  ///< whose bytes are as they were written
  std::uint64_t bytes = 0;   ///< looked at, without what is allocated ahead
  std::uint64_t segments = 0;
  ProducerEnds producers;           ///< of those events
  std::vector<VerifyFault> faults;  ///< at most 1,000
  /// What a writer left unfinished at the end; the next one saves it aside and cuts it off. Not a fault, as
  /// nothing says that anybody was told of it.
  std::optional<VerifyFault> torn_tail;
};

/// Gets bytes done and in all, once a segment and every few MiB.
using VerifyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Checks every checksum, chain and footer of a log, up to the tip if a writer serves it. Changes nothing;
/// goes on behind a fault with what can still be read.
/// @param marks what is damaged below a durable one, or missing, is no torn tail; those of other logs count
/// for nothing, as for recovery
/// @return not_found if there is no log; io if the folder cannot be read
[[nodiscard]] Result<VerifyReport> verify_log(os::FileSystem& files, const std::filesystem::path& dir,
                                              std::span<const KnownMark> marks,
                                              const VerifyProgress& progress);

}  // namespace aludel
