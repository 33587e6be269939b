// SPDX-License-Identifier: MIT
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <thread>

#include "base/limits.hpp"
#include "log/append_queue.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

TEST_CASE("events of many threads get ids without gaps, and each acknowledged one is there exactly once") {
  const TempDir dir;
  FaultFileSystem files;
  constexpr int thread_count = 8;
  constexpr int appends_each = 150;
  std::mutex mutex;
  std::map<std::uint64_t, std::string> acknowledged;
  {
    const auto log = open_log({.dir = dir.path(), .files = files, .segment_size = 32'768});
    std::vector<std::thread> threads;
    for (int t = 0; t < thread_count; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < appends_each; ++i) {
          const auto text = std::to_string(t) + "/" + std::to_string(i);
          const auto result = append(*log, {event_with(text + "a"), event_with(text + "b")});
          REQUIRE(result);
          const std::lock_guard lock(mutex);
          REQUIRE(acknowledged.emplace(result->first, text + "a").second);
          REQUIRE(acknowledged.emplace(result->first + 1, text + "b").second);
        }
      });
    }
    for (auto& thread : threads)
      thread.join();
    CHECK(log->tip() == 2 * thread_count * appends_each);
  }
  const auto log = open_log(small_options(dir.path(), files));
  const auto events = read_all(*log);
  REQUIRE(events.size() == acknowledged.size());
  for (const auto& event : events)
    REQUIRE(event.data == acknowledged.at(event.id));
}

TEST_CASE("a fault under many threads fails appends, loses none that was acknowledged, and passes") {
  const TempDir dir;
  FaultFileSystem files;
  std::mutex mutex;
  std::map<std::uint64_t, std::string> acknowledged;
  std::atomic<int> failures{0};
  {
    const auto log = open_log({.dir = dir.path(), .files = files, .segment_size = 16'384});
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i) {
          if (t == 0 && i % 10 == 5) files.fail_next(i % 20 == 5 ? "sync_data" : "write_at", EIO, 2);
          const auto text = std::to_string(t) + "/" + std::to_string(i);
          const auto result = append(*log, {event_with(text)});
          const std::lock_guard lock(mutex);
          if (result) {
            REQUIRE(acknowledged.emplace(result->first, text).second);
          } else {
            ++failures;
          }
        }
      });
    }
    for (auto& thread : threads)
      thread.join();
  }
  const auto log = open_log(small_options(dir.path(), files));
  const auto events = read_all(*log);
  REQUIRE(events.size() == acknowledged.size());
  for (const auto& event : events)
    REQUIRE(event.data == acknowledged.at(event.id));
}

TEST_CASE("appends that gather while one is written are committed together, in their order") {
  std::vector<std::size_t> groups;
  std::atomic<int> submitted{0};
  AppendQueue queue(1 << 20, [&](std::span<PendingAppend* const> waiting) {
    // The first group waits until all others stand behind it.
    while (groups.empty() && submitted < 4)
      std::this_thread::yield();
    groups.push_back(waiting.size());
    return waiting.size();
  });
  const auto event = event_with("x");
  const auto view = event.view();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      PendingAppend append(EncodedBlock::encode({std::span(&view, 1)}).value());
      ++submitted;
      queue.submit(append);
      CHECK_FALSE(append.error);
    });
  }
  for (auto& thread : threads)
    thread.join();
  std::size_t sum = 0;
  for (const auto group : groups)
    sum += group;
  CHECK(sum == 4);
  CHECK(groups.size() <= 4);
}

TEST_CASE("appends beyond the queue's memory wait until there is room; one alone may exceed it") {
  AppendQueue queue(100, [](std::span<PendingAppend* const> waiting) { return waiting.size(); });
  std::atomic<bool> waiting{false};
  std::atomic<bool> entered{false};
  std::atomic<bool> room{false};
  std::thread waiter;
  {
    const auto large = queue.reserve(1'000);
    waiter = std::thread([&] {
      waiting = true;
      const auto small = queue.reserve(1);
      CHECK(room);
      entered = true;
    });
    // Time enough for a waiter that does not wait.
    for (int i = 0; !waiting || (i < 1'000 && !entered); ++i)
      std::this_thread::yield();
    room = true;
  }
  waiter.join();
  CHECK(entered);
}

TEST_CASE("limits hold for each append of a group by itself") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log({.dir = dir.path(), .files = files, .allocate_ahead = false});
  std::vector<OwnedEvent> batch;
  for (std::size_t i = 0; i < limits::log_types_max; ++i)
    batch.push_back(event_with("", "t" + std::to_string(i)));
  REQUIRE(append(*log, batch));
  std::atomic<int> refused{0};
  std::atomic<int> added{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto result = append(*log, {event_with("", t % 2 == 0 ? "t1" : "unknown")});
        ++(result ? added : refused);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(added == 150);
  CHECK(refused == 150);
  CHECK(log->tip() == limits::log_types_max + 150);
}

}  // namespace aludel
