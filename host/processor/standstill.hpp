// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "plugin/instance.hpp"
#include "policy/strategy.hpp"
#include "processor/failing_event.hpp"
#include "processor/state.hpp"

namespace aludel {

/// That a processor does not go on, and why: `stopped`, `diverged`, `expired` or `refused`; or `retrying` or
/// `tripped`, for a while.
/// What only its host knows may be `crashed`, too; the projection does not keep that.
struct Standstill {
  Activity activity = Activity::stopped;
  ProcessorError error;
};

/// What a handler's function reported, as the operator reads it.
/// It names no event.
[[nodiscard]] ProcessorError handler_error(Stage stage, Outcome outcome, const HandlerError& error,
                                           std::int64_t now_ns);

/// What failed on the host's side, as the operator reads it. The code is `Error::reason`, or else the error
/// code's name.
[[nodiscard]] ProcessorError host_error(std::string_view stage, const Error& error, std::int64_t now_ns);

/// The event that a standstill is about, with the attempts that count: one that ended in an outage does not.
[[nodiscard]] std::optional<FailingEvent> failing_event(const ProcessorError& error);

/// Whether a handler may be given events of which only the projection may tell: in a dry run or a rebuild.
/// @param flags ALUDEL_HANDLER_*
[[nodiscard]] bool rehearses(std::uint32_t flags);

/// What the policy is told of an outcome that is neither handled nor skip.
[[nodiscard]] FailureKind failure_kind(Outcome outcome);

}  // namespace aludel
