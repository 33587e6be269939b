// SPDX-License-Identifier: MIT
// What comes over a processor's connection to its host, where its plugin may write too: taken apart into
// lines and messages, and made of them what is told of the processor, as long as one is none.
#include "runtime/messages.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/os/descriptor.hpp"
#include "input.hpp"
#include "runtime/line_reader.hpp"
#include "runtime/status.hpp"
#include "runtime/supervised.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

constexpr std::size_t size_max = 32'768;  // a pipe holds it

class SilentWorker final : public Worker {
 public:
  [[nodiscard]] int pid() const override { return ::getpid(); }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time() const override { return {}; }
  void stop() override {}
  void nudge() override {}
  void kill(const std::string&) override {}
};

void read_lines(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
  int ends[2];
  ALUDEL_ASSERT(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  const os::Descriptor front(ends[0]);
  {
    const os::Descriptor back(ends[1]);
    ALUDEL_ASSERT(::write(back.number(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  LineReader reader(front.number(), message_size_max);
  while (reader.read(message_size_max, on_line)) {
  }
  if (!reader.rest().empty()) on_line(reader.rest());
}

void show(const ProcessorState& state) {
  Status status;
  status.processors.push_back({"x", state});
  (void)to_json(status);
  if (state.error) (void)describe(*state.error);
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  static const TempDir dir;
  static const os::Descriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  static const HostLog log(null.number(), LogLevel::trace, HostLog::Format::json);
  Reactor reactor;
  Worker::Events events;
  const auto start = [&](const ProcessorSpec&, Worker::Events its) -> Result<std::unique_ptr<Worker>> {
    events = std::move(its);
    return std::make_unique<SilentWorker>();
  };
  ProcessorSpec spec;
  spec.name = std::string("x");
  spec.directory = dir.path();
  Supervised supervised(reactor, log, {spec, start}, [] {});
  supervised.start();

  Worker::Ended ended{{}, "exited with status 0", {}};
  bool cut_off = false;
  read_lines(as_text(data, size).substr(0, size_max), [&](std::string_view line) {
    if (cut_off) return;
    const auto message = parse_message(line);
    cut_off = !message;
    if (cut_off) return;
    const auto again = to_json(*message);
    ALUDEL_ASSERT(to_json(parse_message(again).value()) == again);
    if (const auto* its = std::get_if<LogMessage>(&*message))
      events.on_log(its->level, its->text, its->origin);
    if (const auto* state = std::get_if<StateMessage>(&*message)) events.on_state(state->state);
    if (const auto* end = std::get_if<EndMessage>(&*message)) {
      ended.state = end->state;
      events.on_state(end->state);
    }
    show(supervised.state());
  });
  const auto on_end = events.on_end;
  on_end(ended);
  show(supervised.state());
  supervised.nudge(Nudge::command);
  supervised.stop();
  return 0;
}
