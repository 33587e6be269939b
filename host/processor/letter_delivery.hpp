// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "plugin/instance.hpp"
#include "processor/death.hpp"
#include "processor/letters.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"

namespace aludel {

/// Hands the event of a dead letter to the handler again, alone in a transaction. What fails leaves nothing,
/// and the handler is told.
///
/// Between batches, on the processor's thread.
class LetterDelivery {
 public:
  struct Parts {
    Instance& instance;
    Projection& projection;
    InFlightPage& page;
    const Clock& clock;
    std::uint64_t rebuild_below;  ///< events below were delivered before a reset
  };

  explicit LetterDelivery(Parts parts) : parts_(parts) {}

  /// Delivers, and commits together with what `settle` writes; a dry run undoes it instead.
  /// @return how the event failed, with its attempt; nothing: it was handled, or skipped by the handler
  Result<std::optional<ProcessorError>> run(const StoredEvent& stored, bool dry_run,
                                            const std::function<Result<void>()>& settle);

 private:
  std::optional<ProcessorError> deliver(const StoredEvent& stored, std::uint32_t flags);
  Outcome call(Stage stage, const Event& event, std::uint32_t flags, std::uint32_t attempt);
  Result<void> undo(const StoredEvent& stored);

  Parts parts_;
};

/// Whether the process died in the replay of this letter.
[[nodiscard]] bool was_in_replay_of(const StoredEvent& stored, const Death& death);

}  // namespace aludel
