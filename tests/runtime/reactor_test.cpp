// SPDX-License-Identifier: MIT
#include "runtime/reactor.hpp"

#include <csignal>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/os/process.hpp"
#include "runtime/line_reader.hpp"
#include "support/result_printing.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

os::Pipe pipe_pair() {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  ::fcntl(pipe->reader.number(), F_SETFL, O_NONBLOCK);
  return std::move(*pipe);
}

void put(const os::Descriptor& to, std::string_view text) {
  REQUIRE(::write(to.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

std::unique_ptr<Reactor::Handle> watched(Reactor& reactor, const os::Pipe& pipe,
                                         Reactor::Callback on_readable) {
  auto watch = reactor.watch(pipe.reader.number(), std::move(on_readable));
  REQUIRE(watch);
  return std::move(*watch);
}

}  // namespace

TEST_CASE("a watch that finds no descriptor free is an error") {
  Reactor reactor;
  const auto pipe = pipe_pair();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(pipe.writer.number()) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto watch = reactor.watch(pipe.reader.number(), [] {});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(watch);
  CHECK(watch.error().code == ErrorCode::io);
}

TEST_CASE("a signal that nobody waits for any more ends the process again") {
  Reactor reactor;
  {
    const auto signals = reactor.on_signals({SIGUSR1}, [](int) {});
  }
  struct sigaction now {};
  REQUIRE(::sigaction(SIGUSR1, nullptr, &now) == 0);
  const bool by_default = now.sa_handler == SIG_DFL;
  CHECK(by_default);
}

TEST_CASE("a descriptor is watched as long as there is something to read, and at its end") {
  Reactor reactor;
  auto pipe = pipe_pair();
  std::string got;
  std::unique_ptr<Reactor::Handle> watch;
  watch = watched(reactor, pipe, [&] {
    char byte = 0;  // one at a time: the rest must be told again
    if (::read(pipe.reader.number(), &byte, 1) == 1) {
      got += byte;
    } else {
      watch.reset();
      reactor.stop();
    }
  });
  put(pipe.writer, "abc");
  pipe.writer = {};
  reactor.run();
  CHECK(got == "abc");
}

TEST_CASE("timers fire in their order, and not when they are gone") {
  Reactor reactor;
  std::string order;
  const auto late = reactor.after(milliseconds(20), [&] {
    order += "b";
    reactor.stop();
  });
  auto gone = reactor.after(milliseconds(5), [&] { order += "x"; });
  const auto early = reactor.after(milliseconds(1), [&] {
    order += "a";
    gone.reset();
  });
  reactor.run();
  CHECK(order == "ab");
}

TEST_CASE("a handle may end in its own callback, although what it waits for has come again") {
  Reactor reactor;
  auto pipe = pipe_pair();
  int calls = 0;
  std::unique_ptr<Reactor::Handle> watch;
  watch = watched(reactor, pipe, [&] {
    ++calls;
    watch.reset();
    reactor.post([&] { reactor.stop(); });
  });
  put(pipe.writer, "never read");
  reactor.run();
  CHECK(calls == 1);
}

TEST_CASE("any thread may post and stop, and a reactor runs again") {
  Reactor reactor;
  for (int round = 0; round < 2; ++round) {
    int calls = 0;
    std::thread other([&] {
      for (int i = 0; i < 100; ++i)
        reactor.post([&] { ++calls; });
      reactor.post([&] { reactor.stop(); });
    });
    reactor.run();
    other.join();
    CHECK(calls == 100);
  }
}

TEST_CASE("signals are told, each of them, and end nothing") {
  Reactor reactor;
  std::vector<int> got;
  const auto signals = reactor.on_signals({SIGUSR1, SIGUSR2}, [&](int signal) {
    got.push_back(signal);
    if (got.size() == 2) reactor.stop();
    ::raise(SIGUSR2);
  });
  ::raise(SIGUSR1);
  reactor.run();
  CHECK(got == std::vector<int>{SIGUSR1, SIGUSR2});
}

TEST_CASE("lines are taken apart whatever pieces they come in, and what is too long is cut") {
  auto pipe = pipe_pair();
  LineReader reader(pipe.reader.number(), 8);
  std::vector<std::string> lines;
  const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  CHECK(reader.read(1'000, keep));
  put(pipe.writer, "ab");
  CHECK(reader.read(1'000, keep));
  CHECK(lines.empty());
  CHECK(reader.rest() == "ab");
  put(pipe.writer, "c\n\n12345678\nthis is longer\nend");
  pipe.writer = {};
  CHECK_FALSE(reader.read(1'000, keep));
  CHECK(lines == std::vector<std::string>{"abc", "", "12345678", "this is ", "longer"});
  CHECK(reader.rest() == "end");
}

TEST_CASE("a writer that never ends is read in turns") {
  auto pipe = pipe_pair();
  LineReader reader(pipe.reader.number(), 8);
  int lines = 0;
  std::function<void(std::string_view)> more = [&](std::string_view) {
    ++lines;
    put(pipe.writer, "\n");  // for each line that is read another one is there
  };
  put(pipe.writer, std::string(100, '\n'));
  CHECK(reader.read(1'000, more));
  CHECK(lines >= 1'000);
  CHECK(lines < 2'000);
}

}  // namespace aludel
