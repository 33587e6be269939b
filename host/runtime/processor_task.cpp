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

namespace aludel {

namespace {

ProcessorState refused(const ProcessorSpec& spec, const Error& error) {
  ProcessorState state;
  state.activity = Activity::refused;
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

// A lock gives no notice when it becomes free, so it is tried again at short intervals.
Result<std::unique_ptr<Processor>> open_when_free(const Processor::Options& options,
                                                  const Processor::Environment& environment,
                                                  const Interrupt& stop) {
  const auto deadline = environment.clock.now() + limits::stop_time_max;
  for (;;) {
    auto processor = Processor::open(options, environment);
    if (processor || processor.error().code != ErrorCode::locked) return processor;
    if (stop.raised() || environment.clock.now() >= deadline) return processor;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

ProcessorState run_processor(const ProcessorSpec& spec, HandlerLog& log, const Processor::OnState& on_state,
                             const Interrupt& stop) {
  auto reader = SegmentReader::open(os::real_file_system(), spec.log);
  if (!reader) return refused(spec, reader.error());
  auto library = Library::load(spec.library);
  if (!library) return refused(spec, library.error());
  const auto make_instance = [&](Instance::Context context) {
    return (*library)->instantiate(spec.handler, std::move(context));
  };
  const Processor::Options options{spec.name, spec.directory, spec.config_json, spec.types, spec.batch_size};
  auto processor = open_when_free(options, {**reader, make_instance, log, on_state, system_clock()}, stop);
  if (!processor) return refused(spec, processor.error());
  return (*processor)->run(stop);
}

}  // namespace aludel
