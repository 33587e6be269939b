// SPDX-License-Identifier: MIT
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include "base/limits.hpp"
#include "base/os/process.hpp"
#include "runtime/line_reader.hpp"
#include "runtime/messages.hpp"
#include "runtime/relay_channel.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

struct SocketPair {
  os::Descriptor host;
  os::Descriptor child;
};
using Mapping = os::Process::Options::Mapping;

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return os_error("make a socket pair for a child", errno);
  }
  return SocketPair{os::Descriptor(ends[0]), os::Descriptor(ends[1])};
}

/// The way of emitted events.
struct Relay {
  RelayServers::End server;  ///< null: there is none
  os::Descriptor child;
};

Result<Relay> make_relay(RelayServers* relays, std::string_view processor) {
  if (relays == nullptr) return Relay{};
  auto pair = make_socket_pair();
  if (!pair) return pair.error();
  auto server = relays->start(std::move(pair->host), processor);
  if (!server) return server.error();
  return Relay{std::move(*server), std::move(pair->child)};
}

Result<void> send_all(int descriptor, std::string_view bytes) {
  constexpr timeval wait_max{std::chrono::seconds(limits::cut_off_time_max).count(), 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait_max, sizeof wait_max);
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return os_error("send a processor's specification to its child", errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

void set_nonblocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

class ChildWorker final : public Worker {
 public:
  struct Pipes {
    os::Descriptor socket;
    os::Descriptor out;
    os::Descriptor err;
  };

  static Result<std::unique_ptr<Worker>> make(Reactor& reactor, Pipes pipes, RelayServers::End relay,
                                              os::Process process, Events events) {
    std::unique_ptr<ChildWorker> worker(
        new ChildWorker(reactor, std::move(pipes), std::move(relay), std::move(process), std::move(events)));
    if (auto watching = worker->watch(); !watching) return watching.error();  // and the child ends
    return std::unique_ptr<Worker>(std::move(worker));
  }

  [[nodiscard]] int pid() const override { return process_.pid(); }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time() const override {
    return process_.cpu_time();
  }
  // The child takes the end of what we send as the order to end.
  void stop() override { ::shutdown(pipes_.socket.number(), SHUT_WR); }
  // Any byte. One that has no room finds the child with nudges enough.
  void nudge() override {
    [[maybe_unused]] const auto sent = ::send(pipes_.socket.number(), "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  void kill(const std::string& /*call*/) override { process_.kill(SIGKILL); }

 private:
  enum class Stream { socket, out, err };
  using Watch = std::unique_ptr<Reactor::Handle>;

  ChildWorker(Reactor& reactor, Pipes pipes, RelayServers::End relay, os::Process process, Events events)
      : reactor_(reactor),
        pipes_(std::move(pipes)),
        relay_(std::move(relay)),
        process_(std::move(process)),
        events_(std::move(events)),
        socket_lines_(pipes_.socket.number(), message_size_max),
        out_lines_(pipes_.out.number(), limits::log_line_max),
        err_lines_(pipes_.err.number(), limits::log_line_max) {
    for (const auto* pipe : {&pipes_.socket, &pipes_.out, &pipes_.err})
      set_nonblocking(pipe->number());
  }

  Result<void> watch() {
    const auto on = [this](Watch& watch, int descriptor, Reactor::Callback callback) -> Result<void> {
      auto made = reactor_.watch(descriptor, std::move(callback));
      if (!made) return made.error();
      watch = std::move(*made);
      return {};
    };
    auto done = on(watches_.socket, pipes_.socket.number(),
                   [this] { read(watches_.socket, socket_lines_, Stream::socket); });
    if (done) {
      done = on(watches_.out, pipes_.out.number(), [this] { read(watches_.out, out_lines_, Stream::out); });
    }
    if (done) {
      done = on(watches_.err, pipes_.err.number(), [this] { read(watches_.err, err_lines_, Stream::err); });
    }
    if (done) done = on(watches_.process, process_.pidfd(), [this] { on_process_ended(); });
    return done;
  }

  void read(Watch& watch, LineReader& lines, Stream stream) {
    const bool more =
        lines.read(limits::pipe_turn_max, [&](std::string_view line) { on_line(stream, line); });
    if (more) return;
    watch.reset();
    // A process that ends closes it too.
    if (stream == Stream::socket) grace_ = reactor_.after(limits::cut_off_time_max, [this] { cut_off(); });
  }

  // Without its connection it could neither be told to end nor tell anything.
  void cut_off() {
    cut_off_ = true;
    kill({});
  }

  void on_line(Stream stream, std::string_view line) {
    if (stream == Stream::socket) return on_message(line);
    last_output_.append(line).push_back('\n');
    if (last_output_.size() > 2 * limits::crash_output_max) {
      last_output_.erase(0, last_output_.size() - limits::crash_output_max);
    }
    events_.on_log(stream == Stream::out ? LogLevel::info : LogLevel::warning, line, LogOrigin::plugin);
  }

  // Once something else has come between the messages, none is believed.
  void on_message(std::string_view line) {
    if (cut_off_) return;
    auto message = parse_message(line);
    if (!message) {
      events_.on_log(
          LogLevel::error,
          "its plugin has written to descriptor 3, the connection to the host: " + message.error().message,
          LogOrigin::host);
      return cut_off();
    }
    if (const auto* log = std::get_if<LogMessage>(&*message))
      events_.on_log(log->level, log->text, log->origin);
    if (const auto* state = std::get_if<StateMessage>(&*message)) events_.on_state(state->state);
    if (const auto* end = std::get_if<EndMessage>(&*message)) {
      end_ = end->state;
      events_.on_state(end->state);
    }
  }

  // What it wrote last may still be on its way. A process of the plugin's that lives on may hold the pipes
  // open, and write; it is not waited for.
  void on_process_ended() {
    auto status = process_.wait(std::chrono::milliseconds(0));
    if (status && !*status) return;
    watches_ = {};
    grace_.reset();
    read_rest(socket_lines_, Stream::socket);
    read_rest(out_lines_, Stream::out);
    read_rest(err_lines_, Stream::err);
    Ended ended;
    if (status) ended.end = process_end(**status);
    ended.state = end_;  // whatever came after its last word
    ended.how = status ? (*status)->describe() : status.error().message;
    if (cut_off_) ended.how = "closed or broke its connection to the host, descriptor 3, and was killed";
    if (last_output_.size() > limits::crash_output_max) {
      last_output_.erase(0, last_output_.size() - limits::crash_output_max);
    }
    ended.last_output = std::move(last_output_);
    const auto on_end = std::move(events_.on_end);  // may destroy this object
    on_end(std::move(ended));
  }

  [[nodiscard]] ProcessEnd process_end(const os::ExitStatus& status) const {
    using Kind = ProcessEnd::Kind;
    if (cut_off_) return {Kind::cut_off};
    if (status.signal != 0) return {Kind::signalled, static_cast<std::uint32_t>(status.signal)};
    return {Kind::exited, static_cast<std::uint32_t>(status.status)};
  }

  void read_rest(LineReader& lines, Stream stream) {
    lines.read(limits::pipe_rest_max, [&](std::string_view line) { on_line(stream, line); });
    if (stream != Stream::socket && !lines.rest().empty()) on_line(stream, lines.rest());
  }

  struct Watches {
    Watch socket;
    Watch out;
    Watch err;
    Watch process;
  };

  Reactor& reactor_;
  Pipes pipes_;
  RelayServers::End relay_;  ///< null: it emits nothing
  os::Process process_;      ///< ends before the relay, so that nothing is sent that is not received
  Events events_;
  LineReader socket_lines_;
  LineReader out_lines_;
  LineReader err_lines_;
  Watches watches_;
  Watch grace_;  ///< from the end of the connection to that of the process
  bool cut_off_ = false;
  std::optional<ProcessorState> end_;
  std::string last_output_;
};

}  // namespace

Result<std::unique_ptr<Worker>> start_child_worker(Reactor& reactor, const ProcessorSpec& spec,
                                                   const std::filesystem::path& program, RelayServers* relays,
                                                   Worker::Events events) {
  auto socket = make_socket_pair();
  if (!socket) return socket.error();
  auto relay = make_relay(relays, spec.name);
  if (!relay) return relay.error();
  auto out = os::make_pipe();
  if (!out) return out.error();
  auto err = os::make_pipe();
  if (!err) return err.error();
  std::vector<Mapping> descriptors{{STDOUT_FILENO, out->writer.number()},
                                   {STDERR_FILENO, err->writer.number()},
                                   {processor_descriptor, socket->child.number()}};
  if (relay->server) descriptors.push_back({relay_descriptor, relay->child.number()});
  auto process = os::Process::spawn(
      {program, {processor_command, spec.name}, std::move(descriptors), child_environment(spec.directory)});
  if (!process) return process.error();
  socket->child = {};
  relay->child = {};
  const auto text = to_json(spec);
  // A child that is dead already, or hangs before it has read this, is found out by that.
  [[maybe_unused]] const auto sent =
      send_all(socket->host.number(), std::to_string(text.size()) + "\n" + text);
  ChildWorker::Pipes pipes{std::move(socket->host), std::move(out->reader), std::move(err->reader)};
  return ChildWorker::make(reactor, std::move(pipes), std::move(relay->server), std::move(*process),
                           std::move(events));
}

}  // namespace aludel
