// SPDX-License-Identifier: MIT
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/limits.hpp"
#include "base/os/process.hpp"
#include "runtime/line_reader.hpp"
#include "runtime/messages.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

struct SocketPair {
  os::Descriptor host;
  os::Descriptor child;
};

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return os_error("make a socket pair for a child", errno);
  }
  return SocketPair{os::Descriptor(ends[0]), os::Descriptor(ends[1])};
}

Result<void> send_all(int descriptor, std::string_view bytes) {
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

  ChildWorker(Reactor& reactor, Pipes pipes, os::Process process, Events events)
      : pipes_(std::move(pipes)),
        process_(std::move(process)),
        events_(std::move(events)),
        socket_lines_(pipes_.socket.number(), message_size_max),
        out_lines_(pipes_.out.number(), limits::log_line_max),
        err_lines_(pipes_.err.number(), limits::log_line_max) {
    for (const auto* pipe : {&pipes_.socket, &pipes_.out, &pipes_.err})
      set_nonblocking(pipe->number());
    watches_.socket = reactor.watch(pipes_.socket.number(),
                                    [this] { read(watches_.socket, socket_lines_, Stream::socket); });
    watches_.out =
        reactor.watch(pipes_.out.number(), [this] { read(watches_.out, out_lines_, Stream::out); });
    watches_.err =
        reactor.watch(pipes_.err.number(), [this] { read(watches_.err, err_lines_, Stream::err); });
    watches_.process = reactor.watch(process_.pidfd(), [this] { on_process_ended(); });
  }

  // The child takes the end of what we send as the order to end.
  void stop() override { ::shutdown(pipes_.socket.number(), SHUT_WR); }
  void kill() override { process_.kill(SIGKILL); }

 private:
  enum class Stream { socket, out, err };

  void read(std::unique_ptr<Reactor::Handle>& watch, LineReader& lines, Stream stream) {
    const bool more = lines.read([&](std::string_view line) { on_line(stream, line); });
    if (!more) watch.reset();
  }

  void on_line(Stream stream, std::string_view line) {
    if (stream == Stream::socket) return on_message(line);
    last_output_.append(line).push_back('\n');
    if (last_output_.size() > 2 * limits::crash_output_max) {
      last_output_.erase(0, last_output_.size() - limits::crash_output_max);
    }
    events_.on_log(stream == Stream::out ? LogLevel::info : LogLevel::warning, line);
  }

  void on_message(std::string_view line) {
    auto message = parse_message(line);
    if (!message) return events_.on_log(LogLevel::error, message.error().message);
    if (const auto* log = std::get_if<LogMessage>(&*message)) events_.on_log(log->level, log->text);
    if (const auto* state = std::get_if<StateMessage>(&*message)) events_.on_state(state->state);
    if (const auto* end = std::get_if<EndMessage>(&*message)) end_ = end->state;
  }

  // What it wrote last may still be on its way. A process of the plugin's that lives on may hold the pipes
  // open; it is not waited for.
  void on_process_ended() {
    auto status = process_.wait(std::chrono::milliseconds(0));
    if (status && !*status) return;
    watches_ = {};
    read_rest(socket_lines_, Stream::socket);
    read_rest(out_lines_, Stream::out);
    read_rest(err_lines_, Stream::err);
    Ended ended;
    if (status && (*status)->succeeded()) ended.state = end_;
    ended.how = status ? (*status)->describe() : status.error().message;
    if (last_output_.size() > limits::crash_output_max) {
      last_output_.erase(0, last_output_.size() - limits::crash_output_max);
    }
    ended.last_output = std::move(last_output_);
    const auto on_end = std::move(events_.on_end);  // may destroy this object
    on_end(std::move(ended));
  }

  void read_rest(LineReader& lines, Stream stream) {
    lines.read([&](std::string_view line) { on_line(stream, line); });
    if (stream != Stream::socket && !lines.rest().empty()) on_line(stream, lines.rest());
  }

  struct Watches {
    std::unique_ptr<Reactor::Handle> socket;
    std::unique_ptr<Reactor::Handle> out;
    std::unique_ptr<Reactor::Handle> err;
    std::unique_ptr<Reactor::Handle> process;
  };

  Pipes pipes_;
  os::Process process_;
  Events events_;
  LineReader socket_lines_;
  LineReader out_lines_;
  LineReader err_lines_;
  Watches watches_;
  std::optional<ProcessorState> end_;
  std::string last_output_;
};

}  // namespace

Result<std::unique_ptr<Worker>> start_child_worker(Reactor& reactor, const ProcessorSpec& spec,
                                                   const std::filesystem::path& program,
                                                   Worker::Events events) {
  auto socket = make_socket_pair();
  if (!socket) return socket.error();
  auto out = os::make_pipe();
  if (!out) return out.error();
  auto err = os::make_pipe();
  if (!err) return err.error();
  auto process = os::Process::spawn({program,
                                     {processor_command, spec.name},
                                     {{STDOUT_FILENO, out->writer.number()},
                                      {STDERR_FILENO, err->writer.number()},
                                      {processor_descriptor, socket->child.number()}}});
  if (!process) return process.error();
  socket->child = {};
  // A child that is dead already is found out by its end.
  [[maybe_unused]] const auto sent = send_all(socket->host.number(), to_json(spec) + "\n");
  ChildWorker::Pipes pipes{std::move(socket->host), std::move(out->reader), std::move(err->reader)};
  return std::make_unique<ChildWorker>(reactor, std::move(pipes), std::move(*process), std::move(events));
}

}  // namespace aludel
