// SPDX-License-Identifier: MIT
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/limits.hpp"
#include "base/os/fault_report.hpp"
#include "plugin/sandbox.hpp"
#include "runtime/child_limits.hpp"
#include "runtime/messages.hpp"
#include "runtime/processor_task.hpp"
#include "runtime/relay_channel.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

// The plugin has closed it, or put something else in its place. Nobody would hear the rest.
[[noreturn]] void end_without_connection(int descriptor) {
  std::fprintf(stderr,
               "descriptor %d, the connection to the host, was closed: a plugin must leave it alone\n",
               descriptor);
  ::_exit(1);
}

/// What a descriptor stands for, to be known again.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor), known_(identity()) {}

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Neither closed nor replaced, if it was there at first.
  [[nodiscard]] bool is_there() const { return !known_ || identity() == known_; }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  [[nodiscard]] std::optional<Identity> identity() const {
    struct stat about {};
    if (::fstat(descriptor_, &about) != 0) return std::nullopt;
    return Identity(about.st_dev, about.st_ino);
  }

  const int descriptor_;
  const std::optional<Identity> known_;
};

// The child's end of the socket. Any thread may send.
//
// What a plugin does to its descriptors is found at the end of the batch, where nobody else is blamed for it:
// until then lines are lost.
class HostLink final : public HandlerLog {
 public:
  void set_level(LogLevel level) { level_ = level; }
  void set_limits(const ChildLimits& limits) { limits_ = &limits; }
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= level_; }
  void write(LogLevel level, std::string_view line, LogOrigin origin) override {
    send(LogMessage{level, std::string(line), origin});
  }
  void check() override {
    for (const auto* file : {&socket_, &relay_}) {
      if (!file->is_there()) end_without_connection(file->descriptor());
    }
    limits_->check();
  }

  // Between two batches.
  void tell(const Message& message) {
    check();
    send(message);
  }

 private:
  void send(const Message& message) {
    const auto line = to_json(message) + "\n";
    const std::lock_guard lock(mutex_);
    std::string_view rest = line;
    while (!rest.empty()) {
      const auto sent = ::send(processor_descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return;  // if it is the host that is gone, see `listen_to_host`
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::mutex mutex_;
  LogLevel level_ = LogLevel::info;
  const ChildLimits* limits_ = nullptr;
  const OpenFile socket_{processor_descriptor};
  const OpenFile relay_{relay_descriptor};
};

// Reads `size` bytes, or up to the end of the stream.
std::string receive(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto part = ::read(processor_descriptor, bytes.data() + got, size - got);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) break;
    got += static_cast<std::size_t>(part);
  }
  bytes.resize(got);
  return bytes;
}

// What the host sends first: the size in bytes, a line feed, and as many bytes.
std::string receive_spec() {
  std::string digits;
  while (digits.size() < 20) {
    const auto byte = receive(1);
    if (byte.empty() || byte == "\n") break;
    digits += byte;
  }
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc() || size > limits::processor_spec_max) return {};
  return receive(size);
}

// A byte is a nudge. The end of the host's stream, by its wish or by its death, asks for ours.
void listen_to_host(Interrupt& stop) {
  char bytes[64];
  for (;;) {
    const auto size = ::read(processor_descriptor, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    stop.nudge();
  }
  stop.raise();
}

// Not by exit: destructors of the plugin's are not to run.
[[noreturn]] void leave(HostLink& host, const ProcessorState& state) {
  host.tell(EndMessage{state});
  std::fflush(nullptr);
  ::_exit(0);
}

}  // namespace

int run_child() {
  std::signal(SIGXFSZ, SIG_IGN);  // as in its host: a file that is too big is an error of the write
  // None of these is ever destroyed: threads may use them up to the end of the process.
  static const auto spec = parse_spec(receive_spec());
  if (!spec) {
    std::fprintf(stderr, "aludel: %s is started by the host only: %s\n", processor_command,
                 spec.error().message.c_str());
    return 2;
  }
  os::report_faults();
  static const ChildLimits limits(*spec);
  static Interrupt stop;
  static HostLink host;
  host.set_level(spec->log_level);
  host.set_limits(limits);
  const auto confined = enter_sandbox(spec->sandbox, {spec->directory, spec->log, spec->library});
  if (!confined) leave(host, not_started(*spec, confined.error()));
  std::thread([] { listen_to_host(stop); }).detach();
  RelayClient relay(relay_descriptor, [] { end_without_connection(relay_descriptor); });
  const bool has_relay = spec->start != Processor::Start::commands_only;
  const auto state = run_processor(
      *spec, host, [](const ProcessorState& s) { host.tell(StateMessage{s}); }, stop,
      has_relay ? &relay : nullptr);
  leave(host, state);
}

}  // namespace aludel
