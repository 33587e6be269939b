// SPDX-License-Identifier: MIT
#pragma once

#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "processor/processor.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// Opens the log for reading, loads the plugin, and runs the processor on this thread until `stop` is raised
/// or the processor ends by itself. While another process still owns the processor (a child of a host that
/// was killed) its end is waited for, up to limits::stop_time_max.
/// @param appender where emitted events go; null: they stay in the outbox
/// @return the state that it ended in. What prevented its start is `refused` if the plugin, its config or its
/// projection is at fault, and `stopped` if it is the log, the lock or the operating system: that may pass.
[[nodiscard]] ProcessorState run_processor(const ProcessorSpec& spec, HandlerLog& log,
                                           const Processor::OnState& on_state, const Interrupt& stop,
                                           Appender* appender);

}  // namespace aludel
