// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "processor/state.hpp"
#include "runtime/plan.hpp"

namespace aludel {

/// A processor has gone over to what its plugin's file holds now.
struct Reloaded {
  std::string processor;
  std::string from;                    ///< the handler's version before
  std::string version;                 ///< and now
  std::chrono::microseconds pause{};   ///< from the order to the former process to end until this one was up
  Activity state = Activity::running;  ///< when that was known
  std::string why = {};                ///< it is not at work; else empty

  [[nodiscard]] bool works() const { return state == Activity::running || state == Activity::waiting; }
};

/// Told once, on the reactor's thread. refused: the former version stays; stopped: the host ends
using ReloadDone = std::function<void(Result<Reloaded>)>;

/// "reloaded ledger in 12.3 ms: version 1.0.0 -> 1.1.0"
[[nodiscard]] std::string describe(const Reloaded& reloaded);
/// "12.3 ms"
[[nodiscard]] std::string format_pause(std::chrono::microseconds pause);

/// {"processor","from","version","pause_ms","state","error"}; the error is null if there is none
[[nodiscard]] std::string to_json(const Reloaded& reloaded);
/// @return invalid
[[nodiscard]] Result<Reloaded> parse_reloaded(std::string_view text);

/// The same processor with what its plugin's file holds now, after the checks of a start: the file is
/// inspected in a child, and must have the same handler, which the processor's config must suit.
/// @return refused: the file, or its handler under this config, cannot be used; others: it could not be
/// inspected
[[nodiscard]] Result<PlannedProcessor> plan_anew(const PlannedProcessor& former, const TrustPolicy& trust);

}  // namespace aludel
