// SPDX-License-Identifier: MIT
#include "runtime/command_session.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/installation.hpp"
#include "runtime/reactor.hpp"
#include "runtime/supervised.hpp"
#include "runtime/verdict.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

constexpr auto look_interval = std::chrono::milliseconds(50);

}  // namespace

ProcessorState apply_commands(ProcessorSpec spec, const HostLog& log,
                              const std::function<bool(const ProcessorState&)>& in_vain) {
  spec.start = Processor::Start::commands_only;
  Reactor reactor;
  const auto start = [&reactor](const ProcessorSpec& s, Worker::Events events) {
    return start_child_worker(reactor, s, this_program(), nullptr, std::move(events));
  };
  Supervised processor(reactor, log, {spec, start}, [&] {
    if (processor.ended()) reactor.stop();
  });
  std::optional<ProcessorState> given_up;
  std::unique_ptr<Reactor::Handle> timer;
  const std::function<void()> look = [&] {
    if (!in_vain(processor.state())) {
      timer = reactor.after(look_interval, look);
      return;
    }
    given_up = processor.state();
    processor.stop();
  };
  timer = reactor.after(look_interval, look);
  processor.start();
  reactor.run();
  if (given_up) return std::move(*given_up);
  auto state = processor.state();
  // What a command has overcome is no reason any more.
  if (state.activity == Activity::offline) remove_verdict(spec.host_directory);
  return state;
}

}  // namespace aludel
