// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "plugin/description.hpp"
#include "plugin/instance.hpp"
#include "plugin/sandbox.hpp"
#include "policy/allowance.hpp"
#include "policy/breaker.hpp"
#include "policy/error_policy.hpp"
#include "policy/replay.hpp"
#include "processor/processor.hpp"

namespace aludel {

/// All that a processor needs to be told, in whatever process it runs. The host also leaves it in its own
/// folder of the processor as `processor.json`, so that commands know without a host how to start the
/// processor, and `aludel status` what it listens to.
struct ProcessorSpec {
  std::string name;
  std::filesystem::path directory;       ///< DATA/processors/NAME: its plugin may write there
  std::filesystem::path host_directory;  ///< DATA/host/NAME: only the host does
  std::filesystem::path log;             ///< DATA/log
  std::filesystem::path library;
  std::string sha256;  ///< digest that the library must have; empty: any
  std::string handler;
  std::string handler_version;
  std::string config_json = "{}";
  std::vector<Subscription> subscriptions;  ///< the handler's, as it declares them
  std::vector<Subscription> types;          ///< the operator's; empty: no narrowing
  ErrorPolicy error_policy;
  ReplayPolicy replay;
  Processor::Start start = Processor::Start::again;
  StartAt start_at;
  std::uint64_t batch_size = limits::batch_size_default;
  std::chrono::milliseconds timeout = limits::call_time_default;  ///< of one call, for whoever supervises it
  LogLevel log_level = LogLevel::info;
  Sandbox sandbox;  ///< if it runs in a process of its own
  Allowance allowance;
  std::optional<BreakerPolicy> breaker;  ///< nothing: there is none
  /// The end of what the process before this one wrote, if an event has failed by its death.
  std::string death_output;
};

/// One line of JSON, without the line's end.
[[nodiscard]] std::string to_json(const ProcessorSpec& spec);
/// @return invalid
[[nodiscard]] Result<ProcessorSpec> parse_spec(std::string_view text);

}  // namespace aludel
