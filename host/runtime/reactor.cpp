// SPDX-License-Identifier: MIT
#include "runtime/reactor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/os/descriptor.hpp"

namespace aludel {

namespace asio = boost::asio;

struct Reactor::Loop {
  asio::io_context io{1};
};

namespace {

// What a handle waits for. Shared by the handle and the operation in flight, whichever ends last; the
// handle's end clears the callback, so that an operation that has completed already calls nothing.
struct WatchState {
  WatchState(asio::io_context& io, Reactor::Callback on_readable)
      : descriptor(io), callback(std::move(on_readable)) {}
  asio::posix::stream_descriptor descriptor;
  Reactor::Callback callback;
};

void arm(const std::shared_ptr<WatchState>& state) {
  state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [state](boost::system::error_code error) {
                                 if (error || !state->callback) return;
                                 const auto callback = state->callback;  // may destroy its handle
                                 callback();
                                 if (state->callback) arm(state);
                               });
}

struct TimerState {
  TimerState(asio::io_context& io, std::chrono::milliseconds delay, Reactor::Callback on_time)
      : timer(io, delay), callback(std::move(on_time)) {}
  asio::steady_timer timer;
  Reactor::Callback callback;
};

struct SignalState {
  SignalState(asio::io_context& io, std::function<void(int)> on_signal)
      : signals(io), callback(std::move(on_signal)) {}
  asio::signal_set signals;
  std::function<void(int)> callback;
};

void arm(const std::shared_ptr<SignalState>& state) {
  state->signals.async_wait([state](boost::system::error_code error, int signal) {
    if (error || !state->callback) return;
    const auto callback = state->callback;
    callback(signal);
    if (state->callback) arm(state);
  });
}

template <typename State>
class StateHandle final : public Reactor::Handle {
 public:
  StateHandle(std::shared_ptr<State> state, void (*cancel)(State&))
      : state_(std::move(state)), cancel_(cancel) {}
  ~StateHandle() override {
    state_->callback = nullptr;
    cancel_(*state_);
  }

 private:
  std::shared_ptr<State> state_;
  void (*cancel_)(State&);
};

}  // namespace

Reactor::Reactor() : loop_(std::make_unique<Loop>()) {}
Reactor::~Reactor() = default;

Result<std::unique_ptr<Reactor::Handle>> Reactor::watch(int descriptor, Callback on_readable) {
  os::Descriptor own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) return os_error("watch a descriptor", errno);
  auto state = std::make_shared<WatchState>(loop_->io, std::move(on_readable));
  boost::system::error_code failure;
  state->descriptor.assign(own.number(), failure);
  if (failure) return os_error("watch a descriptor", failure.value());
  own.release();
  arm(state);
  return std::unique_ptr<Handle>(
      std::make_unique<StateHandle<WatchState>>(std::move(state), [](WatchState& s) {
        boost::system::error_code ignored;
        s.descriptor.close(ignored);
      }));
}

std::unique_ptr<Reactor::Handle> Reactor::after(std::chrono::milliseconds delay, Callback on_time) {
  auto state = std::make_shared<TimerState>(loop_->io, delay, std::move(on_time));
  state->timer.async_wait([state](boost::system::error_code error) {
    if (error || !state->callback) return;
    const auto callback = state->callback;
    callback();
  });
  return std::make_unique<StateHandle<TimerState>>(std::move(state), [](TimerState& s) { s.timer.cancel(); });
}

std::unique_ptr<Reactor::Handle> Reactor::on_signals(std::initializer_list<int> signals,
                                                     std::function<void(int)> on_signal) {
  auto state = std::make_shared<SignalState>(loop_->io, std::move(on_signal));
  for (const int signal : signals)
    state->signals.add(signal);
  arm(state);
  return std::make_unique<StateHandle<SignalState>>(std::move(state), [](SignalState& s) {
    boost::system::error_code ignored;
    s.signals.cancel(ignored);
    s.signals.clear(ignored);  // gives the signals their default action back
  });
}

void Reactor::post(Callback callback) {
  asio::post(loop_->io, std::move(callback));
}

void Reactor::run() {
  auto work = asio::make_work_guard(loop_->io);
  loop_->io.run();
  work.reset();
  loop_->io.restart();
}

void Reactor::stop() {
  loop_->io.stop();
}

}  // namespace aludel
