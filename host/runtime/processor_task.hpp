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
/// projection is at fault, `stopped` if it is the log or the operating system: that may pass; and `retrying`
/// if another process owns it still, or its time to begin has not come: that passes by itself, so it is to be
/// run again.
[[nodiscard]] ProcessorState run_processor(const ProcessorSpec& spec, HandlerLog& log,
                                           const Processor::OnState& on_state, const Interrupt& stop,
                                           Appender* appender);

/// What is told of a processor that could not be started.
[[nodiscard]] ProcessorState not_started(const ProcessorSpec& spec, const Error& error);

}  // namespace aludel
