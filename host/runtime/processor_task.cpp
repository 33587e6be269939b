// SPDX-License-Identifier: MIT
#include "runtime/processor_task.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/os/file.hpp"
#include "log/segment_reader.hpp"
#include "plugin/library.hpp"
#include "plugin/trust.hpp"
#include "runtime/verdict.hpp"

namespace aludel {

namespace {

// What may be otherwise at the next try stops the processor. What somebody has to mend refuses it. A lock
// passes by itself; but what is there for commands alone is not run again.
Activity activity_after(ErrorCode code, Processor::Start start) {
  switch (code) {
    case ErrorCode::locked:
      return start == Processor::Start::commands_only ? Activity::stopped : Activity::retrying;
    case ErrorCode::refused:
    case ErrorCode::invalid:
    case ErrorCode::unsupported:
    case ErrorCode::corrupt:
    case ErrorCode::conflict: return Activity::refused;
    default: return Activity::stopped;
  }
}

ProcessorState not_started(const ProcessorSpec& spec, Activity activity, const Error& error) {
  ProcessorState state;
  state.activity = activity;
  state.handler_id = spec.handler;
  state.handler_version = spec.handler_version;
  state.error = ProcessorError{std::nullopt,
                               system_clock().wall_ns(),
                               0,
                               "host",
                               "open",
                               error.reason.empty() ? std::string(to_string(error.code)) : error.reason,
                               error.message};
  return state;
}

// The first word: what may hang while a plugin is loaded has not. The lock is another's perhaps.
ProcessorState loaded(const ProcessorSpec& spec, const std::optional<Standstill>& verdict) {
  ProcessorState state;
  if (auto durable = read_state(spec.directory)) state = std::move(*durable);
  state.activity = Activity::running;
  state.handler_id = spec.handler;
  state.handler_version = spec.handler_version;
  if (verdict && spec.start != Processor::Start::again) state.error = verdict->error;
  return state;
}

// A lock gives no notice when it becomes free, so it is tried again at short intervals.
Result<std::unique_ptr<Processor>> open_when_free(const ProcessorSpec& spec,
                                                  const Processor::Options& options,
                                                  const Processor::Environment& environment,
                                                  const Interrupt& stop) {
  const auto deadline = environment.clock.now() + limits::stop_time_max;
  for (bool told = false;;) {
    auto processor = Processor::open(options, environment);
    if (processor || processor.error().code != ErrorCode::locked) return processor;
    if (!std::exchange(told, true)) {
      environment.on_state(not_started(spec, Activity::retrying, processor.error()));
    }
    if (stop.raised() || environment.clock.now() >= deadline) return processor;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// It may have been replaced since the host has looked at it.
Result<std::unique_ptr<Library>> load_library(const ProcessorSpec& spec) {
  if (!spec.sha256.empty()) {
    if (auto pin = check_pin(spec.library, spec.sha256); !pin) return pin.error();
  }
  return Library::load(spec.library);
}

}  // namespace

ProcessorState not_started(const ProcessorSpec& spec, const Error& error) {
  return not_started(spec, activity_after(error.code, spec.start), error);
}

ProcessorState run_processor(const ProcessorSpec& spec, HandlerLog& log, const Processor::OnState& on_state,
                             const Interrupt& stop, Appender* appender) {
  auto reader = SegmentReader::open(os::real_file_system(), spec.log);
  if (!reader) return not_started(spec, Activity::stopped, reader.error());
  auto library = load_library(spec);
  if (!library) return not_started(spec, library.error());
  auto verdict = read_verdict(spec.host_directory);
  on_state(loaded(spec, verdict));
  const auto make_instance = [&](Instance::Context context) {
    return (*library)->instantiate(spec.handler, std::move(context));
  };
  const Processor::Options options{spec.name,       spec.directory,     spec.config_json, spec.types,
                                   spec.batch_size, spec.error_policy,  spec.replay,      spec.start,
                                   spec.start_at,   std::move(verdict), spec.allowance,   spec.death_output,
                                   spec.breaker};
  auto processor =
      open_when_free(spec, options, {**reader, make_instance, log, on_state, system_clock(), appender}, stop);
  if (!processor) {
    const bool ends = processor.error().code == ErrorCode::locked && stop.raised();
    return not_started(spec, ends ? Activity::offline : activity_after(processor.error().code, spec.start),
                       processor.error());
  }
  return (*processor)->run(stop);
}

}  // namespace aludel
