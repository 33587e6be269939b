// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "processor/state.hpp"
#include "runtime/host_log.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// Runs a processor as a host would, supervised, to apply the commands that were posted, and waits until it
/// has ended. For where no host runs it.
/// @param in_vain asked several times a second: whether waiting on in this state is of no use
/// @return the state that it ended in, or that it was in when that was in vain, with why it stands still
[[nodiscard]] ProcessorState apply_commands(ProcessorSpec spec, const HostLog& log,
                                            const std::function<bool(const ProcessorState&)>& in_vain);

}  // namespace aludel
