// SPDX-License-Identifier: MIT
// What the death of a process in a call means for the event of the call.
#include "processor/death.hpp"

#include <csignal>
#include <optional>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/limits.hpp"
#include "plugin/instance.hpp"
#include "processor/page.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

using End = ProcessEnd;
using Kind = End::Kind;

constexpr auto handle = static_cast<std::uint32_t>(Stage::handle);
constexpr auto flush = static_cast<std::uint32_t>(Stage::flush);
constexpr auto start = static_cast<std::uint32_t>(Stage::start);

/// A processor's page.
struct Page {
  /// A process was in a call of the handler, and ended so.
  std::optional<Death> die(std::uint64_t event_id, std::uint32_t attempt, const End& end,
                           const std::optional<Death>& before = std::nullopt,
                           std::uint32_t stage = handle) const {
    const auto page = InFlightPage::create(file, before);
    REQUIRE(page);
    (*page)->enter(stage, event_id, attempt);
    note(end);
    return read_death(file);
  }
  void note(const End& end) const {
    if (end.kind != Kind::unseen) InFlightPage::note_end(file, static_cast<std::uint64_t>(::getpid()), end);
  }

  const TempDir temp;
  const std::filesystem::path file = temp.path() / "page";
};

}  // namespace

TEST_CASE(
    "a death by the handler's fault counts as a failure, any other is an interruption, whose third does") {
  struct Row {
    End end;
    std::uint32_t before;
    bool counts;
    std::string code, message;
  };
  const Row rows[] = {
      {{Kind::exited, 3}, 0, true, "crashed", "exited with status 3 in handle"},
      {{Kind::signalled, SIGSEGV}, 0, true, "crashed", "killed by signal 11 (Segmentation fault) in handle"},
      {{Kind::signalled, SIGABRT}, 2, true, "crashed", "killed by signal 6 (Aborted) in handle"},
      {{Kind::signalled, SIGPIPE}, 0, true, "crashed", "killed by signal 13 (Broken pipe) in handle"},
      {{Kind::timed_out, 500}, 0, true, "timed_out", "a call took over 500ms and was killed in handle"},
      {{Kind::cut_off, 0},
       0,
       true,
       "crashed",
       "closed or broke its connection to the host and was killed in handle"},
      {{Kind::over_cpu_time, 300},
       0,
       true,
       "cpu_limit",
       "a call took over 300ms of CPU time and was killed in handle"},
      {{Kind::over_memory, 512}, 0, true, "memory_limit", "reached its limit of 512MiB of memory in handle"},
      {{Kind::over_threads, 16}, 0, true, "thread_limit", "had more than its 16 threads in handle"},
      {{Kind::over_files, 64}, 0, true, "file_limit", "had all of its 64 files open in handle"},
      {{Kind::signalled, SIGKILL}, 0, false, {}, {}},
      {{Kind::signalled, SIGTERM}, 1, false, {}, {}},
      {{Kind::signalled, SIGKILL},
       2,
       true,
       "interrupted",
       "interrupted 3 times in a row, at last killed by signal 9 (Killed) in handle"},
      {{Kind::unseen, 0}, 1, false, {}, {}},
      {{Kind::unseen, 0},
       2,
       true,
       "interrupted",
       "interrupted 3 times in a row, at last ended with its host in handle"},
      {{static_cast<Kind>(77), 0}, 0, false, {}, {}},
  };
  const Page page;
  for (const auto& row : rows) {
    const auto kind = static_cast<int>(row.end.kind);
    CAPTURE(kind);
    const auto death = page.die(7, 2, row.end, Death{7, 2, handle, {}, row.before});
    REQUIRE(death);
    CHECK(death->counts() == row.counts);
    if (!row.counts) {
      CHECK(death->interruptions == row.before + 1);
      continue;
    }
    const auto error = failure_by(*death, 5);
    CHECK(error.event_id == 7u);
    CHECK(error.attempt == 2);
    CHECK(error.since_ns == 5);
    CHECK(error.outcome == "fail");
    CHECK(error.stage == "handle");
    CHECK(error.code == row.code);
    CHECK(error.message == row.message);
  }
}

TEST_CASE("what a process wrote last stands in the detail of the failure by its death, with the signal") {
  const Page page;
  auto death = page.die(7, 1, {Kind::signalled, SIGSEGV});
  REQUIRE(death);
  CHECK(failure_by(*death, 5).detail_json.empty());
  death->output = "fault: x\nhandler.so(+0x1234)";
  const std::string detail = "{\"signal\":11,\"output\":\"fault: x\\nhandler.so(+0x1234)\"}";
  CHECK(failure_by(*death, 5).detail_json == detail);
  death->end = {Kind::exited, 1};
  CHECK(failure_by(*death, 5).detail_json == "{\"output\":\"fault: x\\nhandler.so(+0x1234)\"}");
}

TEST_CASE("interruptions are in a row only at the same attempt at the same event, with no fault between") {
  const Page page;
  const End killed{Kind::signalled, SIGKILL};
  const Death twice{7, 2, handle, {}, 2};
  CHECK(page.die(7, 2, killed, twice)->interruptions == 3);
  CHECK(page.die(7, 3, killed, twice)->interruptions == 1);
  CHECK(page.die(8, 2, killed, twice)->interruptions == 1);
  CHECK(page.die(7, 2, {Kind::signalled, SIGSEGV}, twice)->interruptions == 0);
}

TEST_CASE("a death at no certain event never counts") {
  const Page page;
  for (const auto& end : {End{Kind::signalled, SIGSEGV}, End{Kind::signalled, SIGKILL}, End{}}) {
    const auto death = page.die(7, 0, end, Death{7, 0, flush, {}, 9}, flush);
    REQUIRE(death);
    CHECK_FALSE(death->counts());
    CHECK(death->interruptions == 0);
  }
}

TEST_CASE("no process died in a call that has returned, or of which no page tells") {
  const Page page;
  CHECK_FALSE(read_death(page.file));
  const auto writer = InFlightPage::create(page.file);
  REQUIRE(writer);
  CHECK_FALSE(read_death(page.file));
  (*writer)->enter(handle, 7, 1);
  (*writer)->leave();
  page.note({Kind::signalled, SIGSEGV});
  CHECK_FALSE(read_death(page.file));
  (*writer)->enter(handle, 8, 1);
  CHECK(read_death(page.file)->end.kind == Kind::unseen);
}

TEST_CASE("a death is passed on by processes that die at no event themselves, until it is forgotten") {
  const Page page;
  const End crashed{Kind::signalled, SIGSEGV};
  const auto is_known = [&] {
    const auto death = read_death(page.file);
    return death && death->passed_on && death->event_id == 7 && death->attempt == 2 &&
           death->stage == handle && death->end.kind == Kind::signalled && death->end.value == SIGSEGV;
  };
  auto death = page.die(7, 2, crashed);
  CHECK_FALSE(death->passed_on);
  for (int processes = 0; processes < 2; ++processes) {
    const auto writer = InFlightPage::create(page.file, death);
    REQUIRE(writer);
    CHECK(is_known());
    (*writer)->enter(handle, 8, 1);
    (*writer)->leave();
    CHECK(is_known());
    (*writer)->enter(start, 0, 0);
    page.note(crashed);
    CHECK(is_known());
    death = read_death(page.file);
  }
  CHECK(page.die(8, 1, {}, death)->event_id == 8);
  const auto writer = InFlightPage::create(page.file, death);
  REQUIRE(writer);
  (*writer)->forget_death();
  CHECK_FALSE(read_death(page.file));
}

TEST_CASE("of a process' end the first note stands, and none of another process") {
  const Page page;
  CHECK(page.die(7, 1, {})->end.kind == Kind::unseen);
  InFlightPage::note_end(page.file, static_cast<std::uint64_t>(::getpid()) + 1, {Kind::exited, 1});
  CHECK(read_death(page.file)->end.kind == Kind::unseen);
  page.note({Kind::timed_out, 500});
  page.note({Kind::signalled, SIGKILL});
  CHECK(read_death(page.file)->end.kind == Kind::timed_out);
  CHECK(read_death(page.file)->end.value == 500);
  // The next one's is its own.
  CHECK(page.die(7, 1, {})->end.kind == Kind::unseen);
}

TEST_CASE("the end of a process is not noted where it has made no page") {
  const Page page;
  page.note({Kind::exited, 1});
  CHECK_FALSE(std::filesystem::exists(page.file));
}

}  // namespace aludel
