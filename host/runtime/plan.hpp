// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plugin/description.hpp"
#include "processor/state.hpp"
#include "runtime/config.hpp"

/// Which processors there are to be: a pure decision from what the operator configured and what the plugins
/// hold.
namespace aludel {

/// A plugin that was found, and what its inspection told.
struct InspectedPlugin {
  std::filesystem::path file;
  Result<LibraryDescription> library;
  std::string sha256 = {};  ///< its digest, if a processor pins one
};

/// A processor that can be started.
struct PlannedProcessor {
  ProcessorConfig config;
  std::filesystem::path library;
  HandlerDescription handler;
};

/// A processor that is configured but cannot be started.
struct RefusedProcessor {
  std::string name;
  std::string handler;  ///< as far as it is known
  Error error;
};

/// A handler that gets no processor, as none is configured and its schema requires config.
struct LeftOut {
  std::string name;  ///< that its processor would have
  std::string handler;
  std::filesystem::path library;
};

/// A part of a planned processor's config that has no effect.
struct Ineffective {
  std::string name;  ///< of the processor
  std::string what;  ///< and why
};

struct Plan {
  std::vector<PlannedProcessor> processors;
  std::vector<RefusedProcessor> refused;
  std::vector<LeftOut> left_out = {};
  std::vector<Ineffective> ineffective = {};
};

/// A config with `[processor.*]` runs only those; one that cannot be served is refused, the others stand.
/// Otherwise every handler whose schema requires no config gets a processor, named by the last part of its
/// id.
/// @return invalid: two handlers would get the same name; both are named, with the lines to write
[[nodiscard]] Result<Plan> make_plan(const Config& config, const std::vector<InspectedPlugin>& plugins);

/// What is told of a processor that cannot be started: `refused`, with the reason, since `now_ns` (wall
/// clock).
[[nodiscard]] ProcessorState state_of(const RefusedProcessor& refused, std::int64_t now_ns);

/// Whether an event of this type reaches a handler with these subscriptions, narrowed by the operator's
/// `types`.
[[nodiscard]] bool is_wanted(const std::vector<Subscription>& subscriptions,
                             const std::vector<Subscription>& types, std::string_view event_type);

}  // namespace aludel
