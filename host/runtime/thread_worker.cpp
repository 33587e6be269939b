// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include "runtime/processor_task.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

class DirectAppender final : public Appender {
 public:
  explicit DirectAppender(RelayGate& gate) : gate_(gate) {}
  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt& /*interrupt*/) override {
    return gate_.append(request);
  }

 private:
  RelayGate& gate_;
};

class ThreadWorker final : public Worker, public HandlerLog {
 public:
  ThreadWorker(Reactor& reactor, ProcessorSpec spec, RelayGate& gate, Events events)
      : reactor_(reactor),
        spec_(std::move(spec)),
        appender_(gate),
        events_(std::make_shared<Events>(std::move(events))) {
    thread_ = std::thread([this] { work(); });
  }
  ~ThreadWorker() override {
    stop_.raise();
    thread_.join();
  }

  [[nodiscard]] int pid() const override { return ::getpid(); }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time() const override { return std::nullopt; }
  void stop() override { stop_.raise(); }
  void nudge() override { stop_.nudge(); }
  void kill(const std::string& call) override {
    events_->on_log(
        LogLevel::error,
        (call.empty() ? "" : "in " + call + ": ") + "a thread cannot be killed, so the host ends with it",
        LogOrigin::host);
    std::_Exit(1);
  }

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= spec_.log_level; }
  void write(LogLevel level, std::string_view line, LogOrigin origin) override {
    tell([level, text = std::string(line), origin](const Events& events) {
      events.on_log(level, text, origin);
    });
  }

 private:
  void work() {
    const auto on_state = [this](const ProcessorState& state) {
      tell([state](const Events& events) { events.on_state(state); });
    };
    const auto state = run_processor(spec_, *this, on_state, stop_, &appender_);
    tell([state](const Events& events) {
      const auto on_end = events.on_end;
      on_end({state, "ended", {}});
    });
  }

  // What was told when the worker is gone tells nobody any more.
  void tell(std::function<void(const Events&)> what) {
    reactor_.post([events = std::weak_ptr<Events>(events_), what = std::move(what)] {
      if (const auto alive = events.lock()) what(*alive);
    });
  }

  Reactor& reactor_;
  ProcessorSpec spec_;
  DirectAppender appender_;
  std::shared_ptr<Events> events_;  // owned here; calls on their way to the reactor look whether it is alive
  Interrupt stop_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Worker> start_thread_worker(Reactor& reactor, const ProcessorSpec& spec, RelayGate& gate,
                                            Worker::Events events) {
  return std::make_unique<ThreadWorker>(reactor, spec, gate, std::move(events));
}

}  // namespace aludel
