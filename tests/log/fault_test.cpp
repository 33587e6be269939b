// SPDX-License-Identifier: MIT
#include <cerrno>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "log/segment.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

/// Appends until `count` events were acknowledged, whatever fails in between; returns what was acknowledged.
std::vector<std::string> append_through_faults(SegmentLog& log, std::size_t count) {
  std::vector<std::string> acknowledged;
  for (int attempt = 0; acknowledged.size() < count && attempt < 100; ++attempt) {
    const auto text = "attempt " + std::to_string(attempt) + std::string(700, '.');
    if (const auto result = append(log, {event_with(text)})) {
      REQUIRE(result->first == acknowledged.size());
      acknowledged.push_back(text);
    } else {
      REQUIRE(!result.error().message.empty());
    }
  }
  REQUIRE(acknowledged.size() == count);
  return acknowledged;
}

}  // namespace

TEST_CASE(
    "whichever call fails, nothing acknowledged is lost, nothing else is kept, and appends work again") {
  for (const int error_number : {EIO, ENOSPC}) {
    for (const auto sync : {Sync::full, Sync::normal}) {
      for (const std::size_t failures : {1u, 3u}) {
        bool reached = true;
        for (std::size_t passed = 0; reached; ++passed) {
          CAPTURE(passed);
          const TempDir dir;
          FaultFileSystem files;
          std::vector<std::string> acknowledged;
          {
            const auto log = open_log(small_options(dir.path() / "log", files, sync));
            const auto before = files.calls().size();
            files.fail_after(passed, error_number, failures);
            acknowledged = append_through_faults(*log, 12);  // over several segments
            reached = files.failed_any(before);
            files.heal();
            REQUIRE(data_of(read_all(*log)) == acknowledged);
          }
          const auto log = open_log(small_options(dir.path() / "log", files));
          REQUIRE(data_of(read_all(*log)) == acknowledged);
        }
      }
    }
  }
}

TEST_CASE("whichever call fails while a log is opened, it can be opened once the fault is gone") {
  const TempDir dir;
  const auto folder = dir.path() / "log";
  bool reached = true;
  for (std::size_t passed = 0; reached; ++passed) {
    std::filesystem::remove_all(folder);
    FaultFileSystem files;
    files.fail_after(passed, EIO);
    const auto failed = SegmentLog::open(small_options(folder, files));
    reached = files.failed_any(0);
    CHECK(failed.has_value() != reached);
    if (reached) CHECK(failed.error().code == ErrorCode::io);
  }
  append_each(*open_log(small_options(folder)), 40);
  reached = true;
  for (std::size_t passed = 0; reached; ++passed) {
    FaultFileSystem files;
    files.fail_after(passed, EIO);
    const auto failed = SegmentLog::open(small_options(folder, files));
    reached = files.failed_any(0);
    CHECK(failed.has_value() != reached);
  }
  CHECK(open_log(small_options(folder))->tip() == 40);
}

TEST_CASE("a log's folders are durable before it serves, also those that a killed process made") {
  const TempDir dir;
  const auto synced = [](const FaultFileSystem& files, const std::filesystem::path& folder) {
    for (const auto& call : files.calls()) {
      if (call.name == "sync_directory" && std::filesystem::equivalent(call.path, folder)) return true;
    }
    return false;
  };
  const auto data = dir.path() / "a" / "b";
  {
    FaultFileSystem files;
    open_log(small_options(data / "log", files));
    for (const auto& folder : {dir.path(), dir.path() / "a", data, data / "log"})
      CHECK(synced(files, folder));
  }
  {
    FaultFileSystem files;
    open_log(small_options(data / "log", files));
    CHECK(synced(files, data));
  }
  std::filesystem::remove_all(data / "log");  // it was killed before it could go on
  FaultFileSystem files;
  open_log(small_options(data / "log", files));
  CHECK(synced(files, data));
  CHECK(synced(files, dir.path() / "a"));
}

TEST_CASE("after a failed sync its descriptor is not used again, and what was not acknowledged is cut off") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path() / "log", files));
  append_each(*log, 2);
  const auto kept = log->stats()->bytes;
  const auto before = files.calls().size();
  files.fail_next("sync_data", EIO);
  const auto failed = append(*log, {event_with("lost")});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::io);
  CHECK(log->tip() == 2);
  CHECK(std::filesystem::file_size(dir.path() / "log" / segment_name(0)) == kept);
  REQUIRE(append(*log, {event_with("kept")})->first == 2);

  int failed_descriptor = 0;
  const auto calls = files.calls();
  for (auto i = before; i < calls.size(); ++i) {
    if (failed_descriptor != 0) CHECK(calls[i].descriptor != failed_descriptor);
    if (calls[i].failed) failed_descriptor = calls[i].descriptor;
  }
  CHECK(failed_descriptor != 0);
  CHECK(data_of(read_all(*log)) == std::vector<std::string>{"event 0", "event 1", "kept"});
}

TEST_CASE("while the log cannot be put right each append says so, and the first one after that succeeds") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path() / "log", files));
  append_each(*log, 1);
  files.fail_after(0, ENOSPC, 1'000);
  for (int i = 0; i < 3; ++i) {
    const auto failed = append(*log, {event_with("no")});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == ErrorCode::disk_full);
    CHECK(failed.error().message.find("free some space") != std::string::npos);
  }
  files.heal();
  CHECK(append(*log, {event_with("yes")})->first == 1);
}

TEST_CASE(
    "nothing is acknowledged into a file that was removed, moved, replaced or cut, even once it is back") {
  const std::pair<const char*, std::function<void(const std::filesystem::path&)>> losses[] = {
      {"removed", [](const auto& path) { std::filesystem::remove(path); }},
      {"linked elsewhere",
       [](const auto& path) {
         std::filesystem::create_hard_link(path, path.string() + "-saved");
         std::filesystem::remove(path);
       }},
      {"moved with its folder",
       [](const auto& path) {
         std::filesystem::rename(path.parent_path(), path.parent_path().string() + "-moved");
       }},
      {"replaced by a copy",
       [](const auto& path) {
         std::filesystem::copy_file(path, path.string() + ".new");
         std::filesystem::rename(path.string() + ".new", path);
       }},
      {"cut by a byte",
       [](const auto& path) { std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1); }},
      {"emptied", [](const auto& path) { std::filesystem::resize_file(path, 0); }},
  };
  for (const auto& loss : losses) {
    for (const bool used_before : {false, true}) {
      CAPTURE(loss.first);
      const TempDir dir;
      const auto path = dir.path() / "log" / segment_name(0);
      FaultFileSystem files;
      append_each(*open_log(small_options(dir.path() / "log", files)), 2);
      const auto log = open_log(small_options(dir.path() / "log", files));
      if (used_before) append_each(*log, 1);
      const auto tip = log->tip();
      const auto kept = dir.path() / "kept";
      std::filesystem::create_hard_link(path, kept);
      const auto size = std::filesystem::file_size(path);
      loss.second(path);
      for (int i = 0; i < 2; ++i) {
        const auto refused = append(*log, {event_with("lost")});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::corrupt);
        CHECK(refused.error().message.find(path.string()) != std::string::npos);
        CHECK(refused.error().message.find("nothing was added") != std::string::npos);
      }
      const auto moved = path.parent_path().string() + "-moved";
      if (std::filesystem::exists(moved)) std::filesystem::rename(moved, path.parent_path());
      std::filesystem::rename(kept, path);
      std::filesystem::resize_file(path, size);
      CHECK_FALSE(append(*log, {event_with("lost")}));
      CHECK(log->tip() == tip);
    }
  }
}

TEST_CASE("a log whose tip page was cut under it takes no more appends, and the process lives") {
  const TempDir dir;
  FaultFileSystem files;
  {
    const auto log = open_log(small_options(dir.path() / "log", files));
    append_each(*log, 1);
    std::filesystem::resize_file(dir.path() / "log" / "tip", 0);
    for (int i = 0; i < 2; ++i) {
      const auto refused = append(*log, {event_with("lost")});
      REQUIRE_FALSE(refused);
      CHECK(refused.error().message.find("tip was cut") != std::string::npos);
      std::filesystem::resize_file(dir.path() / "log" / "tip", 4'096);
    }
  }
  const auto log = open_log(small_options(dir.path() / "log", files));
  CHECK(append(*log, {event_with("kept")})->first == 1);
}

TEST_CASE("a log whose lock others can take takes no more appends, whoever serves it now") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 1);
  std::filesystem::rename(dir.path() / "lock", dir.path() / "lock-saved");
  std::filesystem::remove(dir.path() / "tip");
  const auto other = open_log(small_options(dir.path(), files));
  for (int i = 0; i < 2; ++i) {
    const auto refused = append(*log, {event_with("lost")});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.find("its file lock was removed, moved away or replaced") !=
          std::string::npos);
    CHECK(append(*other, {event_with("kept")})->first == static_cast<std::uint64_t>(i + 1));
  }
  std::filesystem::rename(dir.path() / "lock-saved", dir.path() / "lock");  // too late
  CHECK_FALSE(append(*log, {event_with("lost")}));
}

TEST_CASE("looking after the segment costs a call a group") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path() / "log", files));
  append_each(*log, 1);
  const auto before = files.calls().size();
  append_each(*log, 1);
  std::vector<std::string> names;
  for (auto i = before; i < files.calls().size(); ++i)
    names.push_back(files.calls()[i].name);
  CHECK(names == std::vector<std::string>{"status", "write_at", "sync_data"});
}

TEST_CASE("where less is free than is to stay free, nothing is written, until there is space again") {
  const TempDir dir;
  FaultFileSystem files;
  auto options = small_options(dir.path() / "log", files);
  options.min_free = 64 * limits::MiB;
  files.set_free_space(options.min_free);
  const auto log = open_log(options);
  append_each(*log, 1);
  files.set_free_space(options.min_free - 1);
  const auto before = files.calls().size();
  for (int i = 0; i < 2; ++i) {
    const auto refused = append(*log, {event_with("no")}, "p", 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::disk_full);
    CHECK(refused.error().message.find("63 MiB free, of which min_free in [log] keeps 64MiB: nothing was "
                                       "added: free some space") != std::string::npos);
  }
  for (auto i = before; i < files.calls().size(); ++i) {
    const auto name = files.calls()[i].name;
    CHECK((name == "status" || name == "free_space"));
  }
  // Reading goes on.
  CHECK(data_of(read_all(*log)) == std::vector<std::string>{"event 0"});
  files.set_free_space(options.min_free);
  CHECK(append(*log, {event_with("yes")}, "p", 0)->first == 1);
  // What cannot be told is no reason to refuse anything.
  files.fail_next("free_space", EIO);
  CHECK(append(*log, {event_with("again")})->first == 2);
}

TEST_CASE("a producer's append that failed is no duplicate when it is sent again") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path() / "log", files));
  REQUIRE(append(*log, {event_with("0")}, "p", 0));
  files.fail_next("sync_data", EIO);
  REQUIRE_FALSE(append(*log, {event_with("1")}, "p", 1));
  const auto again = append(*log, {event_with("1")}, "p", 1);
  REQUIRE(again);
  CHECK(again->count == 1);
  CHECK(again->duplicates == 0);
}

}  // namespace aludel
