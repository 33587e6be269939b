// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "processor/state.hpp"
#include "runtime/installation.hpp"
#include "runtime/supervisor.hpp"

namespace aludel {

struct Status {
  struct Processor {
    std::string name;
    ProcessorState state;
    std::uint64_t lag = 0;
    std::optional<SandboxLevel> sandbox = {};       ///< that confines it; none: no config names it
    std::vector<std::string> sandbox_missing = {};  ///< what keeps that from being whole, in words
  };

  std::uint64_t events = 0;
  std::uint64_t first = 0;  ///< the oldest event that is kept
  std::uint64_t bytes = 0;
  bool disk_full = false;                         ///< less is free than is to stay free: nothing is appended
  std::vector<Processor> processors;              ///< sorted by name
  std::map<std::string, std::uint64_t> unrouted;  ///< events of each type that no configured processor wants
};

/// Reads a data directory, whether a host runs or not, and changes nothing: counters and reasons are durable.
/// @param plan which processors there are to be
/// @param live what they do now, from the host; nothing: none runs
/// @return not_found: there is no log; corrupt, io
[[nodiscard]] Result<Status> read_status(const Installation& installation, const Plan& plan,
                                         const std::optional<LiveStates>& live);

/// One line of JSON, as `aludel status --json` prints it: a contract.
[[nodiscard]] std::string to_json(const Status& status);

}  // namespace aludel
