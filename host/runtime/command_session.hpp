// SPDX-License-Identifier: MIT
#pragma once

#include "processor/state.hpp"
#include "runtime/host_log.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// Runs a processor as a host would, supervised, to apply the commands that were posted, and waits until it
/// has ended. For where no host runs it.
/// @return the state that it ended in, with why it stands still
[[nodiscard]] ProcessorState apply_commands(ProcessorSpec spec, const HostLog& log);

}  // namespace aludel
