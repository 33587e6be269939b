// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "plugin/instance.hpp"
#include "policy/strategy.hpp"
#include "processor/state.hpp"

namespace aludel {

/// That a processor no longer works, and why: `stopped`, `diverged` or `refused`.
struct Standstill {
  Activity activity = Activity::stopped;
  ProcessorError error;
};

/// What a handler's function reported, as the operator reads it.
/// @param event_id the event at fault, if one is
[[nodiscard]] ProcessorError handler_error(Stage stage, Outcome outcome, const HandlerError& error,
                                           std::optional<std::uint64_t> event_id, std::int64_t now_ns);

/// What failed on the host's side, as the operator reads it. The code is `Error::reason`, or else the error
/// code's name.
[[nodiscard]] ProcessorError host_error(std::string_view stage, const Error& error, std::int64_t now_ns);

/// What the policy is told of an outcome that is neither handled nor skip.
[[nodiscard]] FailureKind failure_kind(Outcome outcome);

}  // namespace aludel
