// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.hpp"
#include "processor/state.hpp"
#include "runtime/host_log.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// Starts a processor as a host would, to apply the commands that were posted, and waits until it has ended.
/// For where no host runs it.
/// @return the state that it ended in; stopped: it died, or is owned by somebody else, and what happened is
/// said
[[nodiscard]] Result<ProcessorState> apply_commands(ProcessorSpec spec, const HostLog& log);

}  // namespace aludel
