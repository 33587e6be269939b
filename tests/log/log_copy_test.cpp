// SPDX-License-Identifier: MIT
#include "log/log_copy.hpp"

#include <atomic>
#include <cerrno>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/verify.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

/// A log of small segments, and folders for copies of it.
struct CopyRig {
  TempDir dir;
  FaultFileSystem files;
  std::filesystem::path from = dir.path() / "log";
  std::unique_ptr<SegmentLog> log;

  CopyRig() {
    std::filesystem::create_directory(from);
    log = open_log(small_options(from, files));
  }

  /// Appends until there are so many segments.
  void fill(std::size_t segments) {
    while (segments_of(from).size() < segments)
      append_each(*log, 1);
  }
  [[nodiscard]] std::filesystem::path folder(const std::string& name) const {
    auto to = dir.path() / name;
    std::filesystem::create_directory(to);
    return to;
  }
  [[nodiscard]] LogCopy copy(const std::filesystem::path& to, const std::filesystem::path& earlier = {}) {
    return LogCopy({files, from, to, earlier, [](std::uint64_t) {}});
  }
  [[nodiscard]] static std::vector<std::uint64_t> segments_of(const std::filesystem::path& folder) {
    return list_segments(os::real_file_system(), folder).value();
  }
  [[nodiscard]] bool is_linked(const std::filesystem::path& folder, std::uint64_t first_id,
                               const std::filesystem::path& to) {
    const auto name = segment_name(first_id);
    return files.status(folder / name)->same_file(files.status(to / name).value());
  }
};

/// That it is a whole log up to there.
void check_copy(const std::filesystem::path& folder, const LogCopy& copy) {
  const auto report = verify_log(os::real_file_system(), folder, {}, [](auto, auto) {});
  REQUIRE(report);
  CHECK(report->faults.empty());
  CHECK_FALSE(report->torn_tail);
  CHECK(report->events == copy.stats().tip - copy.first());
  CHECK(report->bytes == copy.stats().linked_bytes + copy.stats().copied_bytes);
}

}  // namespace

TEST_CASE("a copy of a log shares its sealed segments, and has its own last one") {
  CopyRig rig;
  rig.fill(4);
  append_each(*rig.log, 2);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to);
  REQUIRE(copy.finish(rig.log->tip()));
  check_copy(to, copy);
  const auto ids = CopyRig::segments_of(rig.from);
  CHECK(CopyRig::segments_of(to) == ids);
  for (const auto id : ids)
    CHECK(rig.is_linked(rig.from, id, to) == (id != ids.back()));
  CHECK(copy.stats().tip == rig.log->tip());
  CHECK(copy.stats().linked_segments == 3);
  // The one goes on without the other.
  append_each(*rig.log, 40);
  const auto reader = SegmentReader::open(os::real_file_system(), to);
  REQUIRE(reader);
  CHECK((*reader)->tip() == copy.stats().tip);
  CHECK((*reader)->log_id() == rig.log->log_id());
  const auto other = open_log(small_options(to, rig.files));
  append_each(*other, 40, "another way ");
  CHECK(data_of(read_all(*rig.log))[copy.stats().tip] == "event 0");
}

TEST_CASE("where a log cannot be linked to, its copy shares what an earlier copy has, else its own") {
  CopyRig rig;
  rig.fill(3);
  const auto first = rig.folder("first");
  auto copy = rig.copy(first);
  rig.files.fail_next("link", EXDEV, 2);
  REQUIRE(copy.finish(rig.log->tip()));
  check_copy(first, copy);
  CHECK(copy.stats().linked_segments == 0);

  rig.fill(6);
  const auto second = rig.folder("second");
  auto another = rig.copy(second, first);
  rig.files.fail_next("link", EXDEV, 1);
  REQUIRE(another.finish(rig.log->tip()));
  check_copy(second, another);
  CHECK(rig.is_linked(first, 0, second));
  CHECK_FALSE(rig.is_linked(rig.from, 0, second));
}

TEST_CASE("a copy of another log is no earlier copy") {
  CopyRig rig;
  rig.fill(3);
  CopyRig stranger;
  stranger.fill(3);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to, stranger.from);
  rig.files.fail_next("link", EXDEV, 2);
  REQUIRE(copy.finish(rig.log->tip()));
  check_copy(to, copy);
  CHECK(copy.stats().linked_segments == 0);
}

TEST_CASE("a copy of the same log that has gone another way since is no earlier copy") {
  CopyRig rig;
  const auto away = rig.dir.path() / "away";
  std::filesystem::copy(rig.from, away, std::filesystem::copy_options::recursive);
  const auto other = open_log(small_options(away, rig.files));
  rig.fill(3);
  while (CopyRig::segments_of(away).size() < 3)
    append_each(*other, 1, "other ");
  REQUIRE(std::filesystem::file_size(rig.from / segment_name(0)) ==
          std::filesystem::file_size(away / segment_name(0)));
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to, away);
  rig.files.fail_next("link", EXDEV, 2);
  REQUIRE(copy.finish(rig.log->tip()));
  check_copy(to, copy);
  CHECK(copy.stats().linked_segments == 0);
}

TEST_CASE("once a copy is finished its bytes are synced, and then its names") {
  CopyRig rig;
  rig.fill(3);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to);
  rig.files.fail_next("link", EXDEV, 1);
  const auto before = rig.files.calls().size();
  REQUIRE(copy.finish(rig.log->tip()));
  std::map<std::string, std::string> last;  // call that changed a file's bytes, or synced them
  std::string last_of_folder;
  const auto calls = rig.files.calls();
  for (auto i = before; i < calls.size(); ++i) {
    const auto& call = calls[i];
    if (call.path.parent_path() == to) (call.descriptor != 0 ? last[call.file] : last_of_folder) = call.name;
    if (call.path == to) last_of_folder = call.name;
  }
  CHECK(last.size() == 2);
  for (const auto& file : last) {
    CAPTURE(file.first);
    CHECK(file.second == "sync_data");
  }
  CHECK(last_of_folder == "sync_directory");
}

TEST_CASE("a drop takes nothing back of what was taken, and the rest follows") {
  CopyRig rig;
  rig.fill(5);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to);
  REQUIRE(copy.take_sealed());
  const auto before = CopyRig::segments_of(rig.from);
  rig.fill(8);
  REQUIRE(rig.log->drop_below(before[4]).value() == 4);
  REQUIRE(copy.finish(rig.log->tip()));
  CHECK(copy.first() == 0);
  check_copy(to, copy);
  CHECK(CopyRig::segments_of(to).size() == 8);
}

TEST_CASE("a copy begins anew behind a drop of what it had not taken, and says where") {
  CopyRig rig;
  rig.fill(3);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to);
  REQUIRE(copy.take_sealed());
  rig.fill(8);
  const auto ids = CopyRig::segments_of(rig.from);
  REQUIRE(rig.log->drop_below(ids[5]).value() == 5);
  REQUIRE(copy.finish(rig.log->tip()));
  CHECK(copy.first() == ids[5]);
  CHECK(read_first(rig.files, to).value() == ids[5]);
  check_copy(to, copy);
  CHECK(CopyRig::segments_of(to) == std::vector(ids.begin() + 5, ids.end()));
}

TEST_CASE("a copy ends where it is told to, in a segment that is sealed by then, or before it") {
  CopyRig rig;
  rig.fill(2);
  append_each(*rig.log, 1);
  for (const auto tip : {rig.log->tip(), CopyRig::segments_of(rig.from)[1]}) {
    CAPTURE(tip);
    rig.fill(CopyRig::segments_of(rig.from).size() + 2);
    const auto to = rig.folder(std::to_string(tip));
    auto copy = rig.copy(to);
    REQUIRE(copy.finish(tip));
    CHECK(copy.stats().tip == tip);
    check_copy(to, copy);
  }
}

TEST_CASE("a copy whose end was dropped meanwhile begins beyond it") {
  CopyRig rig;
  rig.fill(3);
  auto copy = rig.copy(rig.folder("copy"));
  REQUIRE(copy.take_sealed());
  const auto tip = rig.log->tip();
  rig.fill(6);
  REQUIRE(rig.log->drop_below(CopyRig::segments_of(rig.from)[5]));
  REQUIRE(copy.finish(tip));
  CHECK(copy.first() > tip);
}

TEST_CASE("a copy is finished again with what came meanwhile") {
  CopyRig rig;
  rig.fill(2);
  const auto to = rig.folder("copy");
  auto copy = rig.copy(to);
  REQUIRE(copy.finish(rig.log->tip()));
  append_each(*rig.log, 3);
  rig.fill(4);
  REQUIRE(copy.finish(rig.log->tip()));
  CHECK(copy.stats().tip == rig.log->tip());
  check_copy(to, copy);
}

TEST_CASE("a log is copied while it is written, rolls on and drops what is old") {
  CopyRig rig;
  rig.fill(4);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) {
      append_each(*rig.log, 3);
      const auto ids = CopyRig::segments_of(rig.from);
      if (ids.size() > 5) REQUIRE(rig.log->drop_below(ids[ids.size() - 3]));
    }
  });
  for (int i = 0; i < 30; ++i) {
    CAPTURE(i);
    const auto to = rig.folder(std::to_string(i));
    auto copy = rig.copy(to);
    REQUIRE(copy.take_sealed());
    std::uint64_t tip = 0;
    do {
      tip = rig.log->tip();
      REQUIRE(copy.finish(tip));
    } while (copy.first() > tip);
    check_copy(to, copy);
  }
  stop = true;
  writer.join();
}

TEST_CASE("a copy of no log, and of one that lacks a segment, is an error") {
  CopyRig rig;
  CHECK(LogCopy({rig.files, rig.dir.path() / "nowhere", rig.folder("a"), {}, [](std::uint64_t) {}})
            .finish(0)
            .error()
            .code == ErrorCode::not_found);
  rig.fill(3);
  std::filesystem::remove(rig.from / segment_name(0));
  CHECK(rig.copy(rig.folder("b")).finish(rig.log->tip()).error().code == ErrorCode::corrupt);
}

}  // namespace aludel
