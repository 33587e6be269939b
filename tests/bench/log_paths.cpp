// SPDX-License-Identifier: MIT
// Paths of the event log, timed in the process that uses them. Each prints one line of JSON; bench.py runs
// them beside their yardsticks.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "log/segment_log.hpp"

namespace aludel {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t payload_size = 100;

template <typename T>
T required(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "log_paths: {}\n", result.error().message);
  std::exit(1);
}

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

double at_percent(std::vector<double>& values, double percent) {
  std::sort(values.begin(), values.end());
  const auto index = static_cast<std::size_t>(percent / 100 * static_cast<double>(values.size()));
  return values[std::min(values.size() - 1, index)];
}

std::unique_ptr<SegmentLog> open_log(const char* dir) {
  return required(SegmentLog::open({.dir = dir}));
}

NewEvent event_of(std::string_view type) {
  static const std::string payload(payload_size, 'x');
  NewEvent event;
  event.type = type;
  event.source = "/bench";
  event.content_type = "text/plain";
  event.data = payload;
  return event;
}

// What this process has given to `write` and its like, in bytes.
std::uint64_t written() {
  std::ifstream file("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

// One producer, which waits for each batch.
void append(const char* dir, std::size_t batch, std::size_t times) {
  const auto log = open_log(dir);
  const std::vector<NewEvent> events(batch, event_of("bench"));
  std::vector<double> taken;
  const auto written_before = written();
  const auto began = SteadyClock::now();
  for (std::size_t i = 0; i < times; ++i) {
    const auto before = SteadyClock::now();
    (void)required(log->append({.events = events}));
    taken.push_back(seconds_since(before));
  }
  const auto seconds = seconds_since(began);
  const auto stats = required(log->stats());
  fmt::print(
      "{{\"times\":{},\"seconds\":{:.6f},\"events\":{},\"bytes\":{},\"written\":{},\"p50_us\":{:.2f},\"p99_"
      "us\":{:.2f}}}\n",
      times, seconds, log->tip(), stats.bytes, written() - written_before, 1e6 * at_percent(taken, 50),
      1e6 * at_percent(taken, 99));
}

// Many producers, each of which waits for each of its events.
void producers(const char* dir, std::size_t threads, std::size_t times) {
  const auto log = open_log(dir);
  const auto event = event_of("bench");
  std::vector<std::vector<double>> taken(threads);
  const auto began = SteadyClock::now();
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      for (std::size_t n = 0; n < times; ++n) {
        const auto before = SteadyClock::now();
        (void)required(log->append({.events = {&event, 1}}));
        taken[i].push_back(seconds_since(before));
      }
    });
  }
  for (auto& thread : running)
    thread.join();
  const auto seconds = seconds_since(began);
  std::vector<double> all;
  for (const auto& of_one : taken)
    all.insert(all.end(), of_one.begin(), of_one.end());
  fmt::print("{{\"times\":{},\"seconds\":{:.6f},\"events\":{},\"p50_us\":{:.2f},\"p99_us\":{:.2f}}}\n",
             threads * times, seconds, log->tip(), 1e6 * at_percent(all, 50), 1e6 * at_percent(all, 99));
}

// Fills a log: events with `keys` keys (0: none) and `types` types, which change with each event, or with
// each block.
void fill(const char* dir, std::size_t count, std::size_t keys, std::size_t types, bool mixed) {
  constexpr std::size_t batch = 1'000;
  const auto log = open_log(dir);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < types; ++i)
    names.push_back(fmt::format("type-{:02}", i));
  std::vector<NewEvent> events(batch);
  std::vector<std::string> texts(batch);
  for (std::size_t first = 0; first < count; first += batch) {
    events.resize(std::min(batch, count - first));
    for (std::size_t i = 0; i < events.size(); ++i) {
      events[i] = event_of(names[(mixed ? first + i : first / batch) % types]);
      if (keys == 0) continue;
      texts[i] = fmt::format("k{:07}", (first + i) * 7'919 % keys);
      events[i].key = texts[i];
    }
    (void)required(log->append({.events = events}));
  }
  fmt::print("{{\"events\":{}}}\n", log->tip());
}

// All blocks with their checksums, all events; the second time, when the pages are there.
void scan(const char* dir) {
  const auto reader = required(SegmentReader::open(os::real_file_system(), dir));
  for (const bool counts : {false, true}) {
    std::uint64_t events = 0;
    std::uint64_t sum = 0;
    const auto began = SteadyClock::now();
    const auto cursor = required(reader->read_from(0));
    for (;;) {
      const auto* block = required(cursor->next());
      if (block == nullptr) break;
      Event event;
      for (auto walk = block->events(block->first_id()); walk.next(event); ++events)
        sum += event.data.size();
      if (auto read = cursor->check_read(); !read) (void)required(Result<int>(read.error()));
      cursor->release();
    }
    if (counts)
      fmt::print("{{\"events\":{},\"seconds\":{:.6f},\"sum\":{}}}\n", events, seconds_since(began), sum);
  }
}

// Opens a log to write, all that this takes; once before that, so that what is on the disk is in memory.
void open(const char* dir) {
  (void)open_log(dir);
  const auto began = SteadyClock::now();
  const auto log = open_log(dir);
  fmt::print("{{\"seconds\":{:.6f},\"events\":{}}}\n", seconds_since(began), log->tip());
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
  const std::string what = count > 2 ? arguments[1] : "";
  const auto argument = [&](int i) { return number(arguments[i]); };
  if (what == "append" && count == 5) {
    append(arguments[2], argument(3), argument(4));
  } else if (what == "producers" && count == 5) {
    producers(arguments[2], argument(3), argument(4));
  } else if (what == "fill" && count == 7) {
    fill(arguments[2], argument(3), argument(4), argument(5), std::string_view(arguments[6]) == "mixed");
  } else if (what == "open" && count == 3) {
    open(arguments[2]);
  } else if (what == "scan" && count == 3) {
    scan(arguments[2]);
  } else {
    fmt::print(stderr,
               "usage: log_paths append DIR BATCH TIMES | producers DIR THREADS TIMES\n"
               "                 | fill DIR EVENTS KEYS TYPES runs|mixed | open DIR | scan DIR\n");
    return 2;
  }
  return 0;
}
