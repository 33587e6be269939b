// SPDX-License-Identifier: MIT
// Disks that take no more. The tests here would fail on a processor that blames an event for it.
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/resource.h>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

/// From `limit` on this process's files grow no more.
class FileSizeLimit {
 public:
  FileSizeLimit() {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    lift();
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  void limit(std::uint64_t size) const {
    const rlimit now{.rlim_cur = size, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  void lift() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

/// Six events in batches of two, of which the second cannot be written.
class FullDisk : public Rig {
 public:
  FullDisk() {
    log.append("wanted", 6, 6);
    options.batch_size = 2;
    int batches = 0;
    script.in_flush = [this, batches](const auto&) mutable {
      if (++batches == 2) fills_up_ = true;
    };
    script.at_commit = [this](Database&) {
      if (std::exchange(fills_up_, false))
        file_size.limit(std::filesystem::file_size(directory() / "projection-1.db-wal"));
    };
  }

  FileSizeLimit file_size;

 private:
  bool fills_up_ = false;
};

}  // namespace

TEST_CASE(
    "a disk that is full at a commit stops the processor with the whole batch undone, and blames no event") {
  FullDisk rig;
  rig.script.in_rolled_back = [&] { rig.file_size.lift(); };
  const auto state = rig.run();
  CHECK(rig.script.work() == "h0 h1 f c h2 h3 f u2 c");
  CHECK(rig.rows() == upto(1));
  for (const auto& seen : {state, rig.durable()}) {
    CHECK(seen.activity == Activity::stopped);
    CHECK(seen.next == 2);
    CHECK(seen.handled == 2);
    REQUIRE(seen.error);
    CHECK_FALSE(seen.error->event_id);
    CHECK(seen.error->outcome == "host");
    CHECK(seen.error->stage == "commit");
    CHECK(seen.error->code == "io");
  }
  rig.script.at_commit = nullptr;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(5));
  CHECK_FALSE(rig.durable().error);
}

TEST_CASE("a disk that stays full takes no note of the reason, which is told all the same") {
  FullDisk rig;
  const auto state = rig.run();
  rig.file_size.lift();
  CHECK(rig.script.work() == "h0 h1 f c h2 h3 f u2");
  CHECK(state.activity == Activity::stopped);
  REQUIRE(state.error);
  CHECK(state.error->stage == "commit");
  CHECK(rig.durable().activity == Activity::offline);
  CHECK(rig.durable().next == 2);
  CHECK(rig.rows() == upto(1));
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(5));
}

TEST_CASE("a database that is full in the middle of an event stops the processor before it") {
  Rig rig;
  rig.log.append("wanted", 10, 10);
  rig.options.batch_size = 4;
  rig.script.schema += "; create table blobs (bytes)";
  rig.script.events[6] = {.sql = "pragma max_page_count = 1; insert into blobs values (zeroblob(100000))"};
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.script.work() == "h0 h1 h2 h3 f c h4 h5 h6! u4 h4' h5' f c");
  CHECK(rig.rows() == upto(5));
  CHECK(rig.durable().error->outcome == "fatal");
  CHECK(rig.durable().error->code == "disk_full");
  CHECK(rig.durable().error->event_id == 6);
}

}  // namespace aludel
