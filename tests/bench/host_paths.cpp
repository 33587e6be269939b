// SPDX-License-Identifier: MIT
// How soon after an append a handler is called. A host in this process, whose processors are its children as
// ever, so that the moment in which `append` returns can be told. Prints a line of JSON; the handlers note
// theirs (plugins/stamp.c).
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plugin/inspection.hpp"
#include "runtime/host.hpp"
#include "runtime/worker.hpp"

namespace aludel {

namespace {

template <typename T>
T required(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "host_paths: {}\n", result.error().message);
  std::exit(1);
}

// CLOCK_MONOTONIC, as in the handlers.
std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void wait_until_idle(const Host& host) {
  const auto waits = [](const auto& named) { return named.second.activity == Activity::waiting; };
  for (;;) {
    const auto live = host.live();
    if (!live.empty() && std::all_of(live.begin(), live.end(), waits)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

// Appends `times` events, one at a time, each when all is asleep again.
void append(const char* data, std::size_t times, std::size_t pause_ms) {
  const HostLog log(2, LogLevel::error, HostLog::Format::text);
  const auto host = required(Host::open({required(load_installation(data, {})), {}, false}, log));
  std::thread running([&] { (void)host->run(std::nullopt); });
  wait_until_idle(*host);
  NewEvent event;
  event.type = "bench";
  event.source = "/bench";
  const auto first = host->log().tip();
  std::vector<std::int64_t> returned;
  for (std::size_t i = 0; i < times; ++i) {
    (void)required(host->log().append({.events = {&event, 1}}));
    returned.push_back(now_ns());
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
  wait_until_idle(*host);
  std::raise(SIGTERM);
  running.join();
  fmt::print("{{\"first\":{},\"returned_ns\":[{}]}}\n", first, fmt::join(returned, ","));
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

}  // namespace aludel

int main(int count, char** arguments) {
  using namespace aludel;
  const std::string_view what = count > 1 ? arguments[1] : "";
  if (what == inspection_command) return run_inspector(count, arguments);
  if (what == processor_command) return run_child();
  if (what != "append" || count != 5) {
    fmt::print(stderr, "usage: host_paths append DATA TIMES PAUSE_MS\n");
    return 2;
  }
  append(arguments[2], number(arguments[3]), number(arguments[4]));
  return 0;
}
