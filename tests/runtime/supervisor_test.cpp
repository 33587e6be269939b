// SPDX-License-Identifier: MIT
#include "runtime/supervisor.hpp"

#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

#include "base/os/descriptor.hpp"
#include "processor/page.hpp"
#include "small_log_rig.hpp"

namespace aludel {

namespace {

/// Says, whatever its projection holds, that it has come to the tip, and shows no call; ends when asked to.
class SaysItWaits final : public Worker {
 public:
  SaysItWaits(Reactor& reactor, const std::filesystem::path& directory, std::uint64_t tip, Events events)
      : reactor_(reactor),
        page_(InFlightPage::create(directory / "page").value()),
        events_(std::move(events)) {
    state_.activity = Activity::waiting;
    state_.next = tip;
    reactor_.post([this] { events_.on_state(state_); });
  }
  [[nodiscard]] int pid() const override { return ::getpid(); }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time() const override { return std::nullopt; }
  void stop() override {
    reactor_.post([this] {
      state_.activity = Activity::offline;
      const auto on_end = events_.on_end;
      on_end({state_, "exited with status 0", {}});
    });
  }
  void nudge() override {}
  void kill(const std::string&) override {}

 private:
  Reactor& reactor_;
  const std::unique_ptr<InFlightPage> page_;
  const Events events_;
  ProcessorState state_;
};

}  // namespace

TEST_CASE("a drain has brought those to the tip whose projections say so, whatever their processes told") {
  SmallLogRig rig;
  for (int i = 0; i < 3; ++i)
    rig.append();
  rig.processor("done", 3);
  rig.processor("behind", 2);
  const os::Descriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const HostLog host_log(null.number(), LogLevel::error, HostLog::Format::text);
  Supervisor supervisor(*rig.log, host_log);
  for (const auto* name : {"done", "behind"}) {
    ProcessorSpec spec;
    spec.name = name;
    spec.directory = rig.data.processor(name);
    spec.timeout = std::chrono::seconds(60);
    spec.start = Processor::Start::again;
    const auto start = [&](const ProcessorSpec& s, Worker::Events events) -> Result<std::unique_ptr<Worker>> {
      return std::make_unique<SaysItWaits>(supervisor.reactor(), s.directory, rig.log->tip(),
                                           std::move(events));
    };
    supervisor.add({spec, start});
  }
  const auto end = supervisor.run(Supervisor::Drain{});
  REQUIRE(end.behind.size() == 1);
  CHECK(end.behind[0].name == "behind");
}

}  // namespace aludel
