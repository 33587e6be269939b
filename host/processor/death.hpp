// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "processor/page.hpp"
#include "processor/state.hpp"

namespace aludel {

/// That the process before this one died in a call of the handler, and what that means for the event of the
/// call: a fault of the handler counts as a failed attempt, an interruption only when it is the third in a
/// row at the same attempt (docs/decisions/0038-deaths-are-failed-attempts.md).
///
/// It is told by the page, so it is known whichever host starts the next process.
struct Death {
  InFlightPage::Call call;
  ProcessEnd end;
  /// In a row at this attempt, with this one; 0: the handler is at fault, or no event is at stake.
  std::uint32_t interruptions = 0;

  [[nodiscard]] bool counts() const;
  /// The id behind the events of which one was at stake, nobody knows which; 0 if it was another call.
  [[nodiscard]] std::uint64_t end_of_batch() const;
  /// What the next process is to go on counting from.
  [[nodiscard]] Interruptions interrupted() const { return {call.event_id, call.attempt, interruptions}; }
};

/// What a page says of its writer, who is gone. Before the next one clears it.
[[nodiscard]] std::optional<Death> read_death(const std::filesystem::path& page);

/// How the event has failed by a death that counts.
[[nodiscard]] ProcessorError failure_by(const Death& death, std::int64_t now_ns);

}  // namespace aludel
