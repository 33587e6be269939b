// SPDX-License-Identifier: MIT
#include "runtime/command_session.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "runtime/installation.hpp"
#include "runtime/reactor.hpp"
#include "runtime/verdict.hpp"
#include "runtime/worker.hpp"

namespace aludel {

Result<ProcessorState> apply_commands(ProcessorSpec spec, const HostLog& log) {
  spec.start = Processor::Start::commands_only;
  Reactor reactor;
  std::optional<Worker::Ended> ended;
  Worker::Events events;
  events.on_state = [](const ProcessorState&) {};
  events.on_log = [&](LogLevel level, std::string_view line) { log.write(level, spec.name, line); };
  events.on_end = [&](Worker::Ended end) {
    ended = std::move(end);
    reactor.stop();
  };
  const auto worker = start_child_worker(reactor, spec, this_program(), nullptr, std::move(events));
  if (!worker) return worker.error();
  reactor.run();
  if (ended && ended->state) {
    // What a command has overcome is no reason any more.
    if (ended->state->activity == Activity::offline) remove_verdict(spec.directory);
    return *ended->state;
  }
  return Error(ErrorCode::stopped, "apply the commands of processor \"" + spec.name + "\": its process " +
                                       (ended ? ended->how : std::string("was lost")) +
                                       "; they are kept for its next start");
}

}  // namespace aludel
