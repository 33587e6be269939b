// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"

namespace aludel {

/// A small mapped file through which a processor shows, at the cost of a few stores an event, what it has in
/// flight; so its host knows which event it died at or hangs in (docs/store-format.md, "The processor's
/// page").
///
/// Written by the processor's thread, read by any process.
class InFlightPage {
 public:
  struct Call {
    std::uint64_t event_id = 0;
    std::uint32_t attempt = 0;
    std::uint32_t stage = 0;  ///< ALUDEL_STAGE_*; 0: no call of the plugin is in flight
    /// Counts calls. A call that keeps its number from one look to the next has taken at least the time
    /// between them.
    std::uint64_t sequence = 0;
  };

  /// Opens or makes the page and clears it.
  static Result<std::unique_ptr<InFlightPage>> create(const std::filesystem::path& file);
  /// A view for another process; whatever cannot be believed (another boot, a bad checksum, no file) reads as
  /// nothing.
  static Result<std::unique_ptr<InFlightPage>> view(const std::filesystem::path& file);

  virtual ~InFlightPage() = default;
  virtual void enter(std::uint32_t stage, std::uint64_t event_id, std::uint32_t attempt) = 0;
  virtual void leave() = 0;
  [[nodiscard]] virtual std::optional<Call> read() const = 0;
};

}  // namespace aludel
