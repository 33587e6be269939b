// SPDX-License-Identifier: MIT
#include "runtime/command_session.hpp"

#include <utility>

#include "runtime/installation.hpp"
#include "runtime/reactor.hpp"
#include "runtime/supervised.hpp"
#include "runtime/verdict.hpp"
#include "runtime/worker.hpp"

namespace aludel {

ProcessorState apply_commands(ProcessorSpec spec, const HostLog& log) {
  spec.start = Processor::Start::commands_only;
  Reactor reactor;
  const auto start = [&reactor](const ProcessorSpec& s, Worker::Events events) {
    return start_child_worker(reactor, s, this_program(), nullptr, std::move(events));
  };
  Supervised processor(reactor, log, {spec, start}, [&] {
    if (processor.ended()) reactor.stop();
  });
  processor.start();
  reactor.run();
  auto state = processor.state();
  // What a command has overcome is no reason any more.
  if (state.activity == Activity::offline) remove_verdict(spec.directory);
  return state;
}

}  // namespace aludel
