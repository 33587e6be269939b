// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "processor/failing_event.hpp"
#include "processor/state.hpp"

namespace aludel {

/// How a process ended that was at work on a processor.
struct ProcessEnd {
  enum class Kind : std::uint32_t {
    unseen,         ///< nobody saw it: whoever watches has ended as well, or does not know yet
    exited,         ///< by itself
    signalled,      ///< killed by a signal
    timed_out,      ///< killed by its host, as the call took too long
    cut_off,        ///< killed by its host, as it had closed its connection, or sent what is no message
    over_cpu_time,  ///< killed by its host, as the call took more of processors than it may
    over_memory,    ///< ended itself, as it had all the memory that it may have
    over_threads,   ///< ended itself, as it had more threads than it may have
    over_files,     ///< ended itself, as it had all files open that it may have
  };
  Kind kind = Kind::unseen;
  /// Exit status, signal, the milliseconds that the call had, or the limit: mebibytes, threads, files.
  std::uint32_t value = 0;
};

/// That a process before this one died in a call of the handler for an event, and what that means for the
/// event: a fault of the handler counts as a failed attempt, an interruption only when it is the third in a
/// row at the same attempt (docs/decisions/0038-deaths-are-failed-attempts.md).
///
/// It is told by the page, so it is known whichever host starts the next process.
struct Death {
  std::uint64_t event_id = 0;
  std::uint32_t attempt = 0;  ///< 0: one of several events was at stake, up to this one
  std::uint32_t stage = 0;    ///< ALUDEL_STAGE_*
  ProcessEnd end;
  /// In a row at this attempt, with this one; 0: the handler is at fault, or no event is certain to be at
  /// stake.
  std::uint32_t interruptions = 0;
  /// By the process before this one, which has not died so itself.
  bool passed_on = false;
  std::string output = {};  ///< what the process wrote last; empty: nobody has kept it

  /// Whether the handler is to blame for it.
  [[nodiscard]] bool is_fault() const;
  [[nodiscard]] bool counts() const;
  /// The id behind the events that were delivered together, or the one that is to stay alone; 0 if it was
  /// another call.
  [[nodiscard]] std::uint64_t end_of_batch() const;
  /// Whether what was at stake is still to come, or to be decided on.
  /// @param next of the cursor. @param failing where the processor stands
  [[nodiscard]] bool is_ahead(std::uint64_t next, const std::optional<FailingEvent>& failing) const;
};

/// How the event has failed by a death that counts.
[[nodiscard]] ProcessorError failure_by(const Death& death, std::int64_t now_ns);

}  // namespace aludel
