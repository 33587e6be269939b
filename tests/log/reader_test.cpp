// SPDX-License-Identifier: MIT
#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/os/boot_id.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

using namespace std::chrono_literals;

constexpr auto limit = 30s;  // of waits that end much earlier

std::unique_ptr<SegmentReader> open_reader(const std::filesystem::path& dir) {
  auto reader = SegmentReader::open(os::real_file_system(), dir);
  REQUIRE(reader);
  return std::move(*reader);
}

/// Runs in a process of its own and ends with its status, without any clean-up.
template <typename Body>
pid_t in_child(Body body) {
  const auto pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) ::_exit(body());
  return pid;
}

int status_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A pipe on which a child says that it has come to a point.
class Signal {
 public:
  Signal() { REQUIRE(::pipe(ends_) == 0); }
  ~Signal() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void give() const { (void)!::write(ends_[1], "x", 1); }
  void await() const {
    char byte = 0;
    (void)!::read(ends_[0], &byte, 1);
  }

 private:
  int ends_[2];
};

}  // namespace

TEST_CASE("a reader follows the writer's tip, also into segments that were made after it") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto reader = open_reader(dir.path());
  CHECK(reader->log_id() == log->log_id());
  CHECK(reader->tip() == 0);
  auto cursor = reader->read_from(0);
  REQUIRE(cursor);
  CHECK((*cursor)->next().value() == nullptr);
  std::uint64_t next = 0;
  for (int i = 0; i < 30; ++i) {
    append_each(*log, 2);
    while (const auto* block = (*cursor)->next().value()) {
      CHECK(block->first_id() == next);
      next = block->end_id();
    }
    CHECK(next == log->tip());
    CHECK(reader->tip() == log->tip());
  }
  CHECK(log->stats()->segments > 3);
}

TEST_CASE("a wait ends by an append, an interrupt, or its time") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 1);
  const auto reader = open_reader(dir.path());
  Interrupt interrupt;
  CHECK(reader->wait(0, interrupt, limit).value() == WaitResult::new_events);  // it is there already
  CHECK(reader->wait(1, interrupt, 1ms).value() == WaitResult::timed_out);
  std::thread appender([&] { append_each(*log, 1); });
  CHECK(reader->wait(1, interrupt, limit).value() == WaitResult::new_events);
  appender.join();
  std::thread interrupter([&] { interrupt.raise(); });
  CHECK(reader->wait(2, interrupt, limit).value() == WaitResult::interrupted);
  interrupter.join();
  CHECK(reader->wait(2, interrupt, limit).value() == WaitResult::interrupted);  // until it is reset
  interrupt.reset();
  CHECK(reader->wait(2, interrupt, 1ms).value() == WaitResult::timed_out);
}

TEST_CASE("no wake-up is lost between a reader that looks and waits and a writer that appends") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto reader = open_reader(dir.path());
  constexpr std::uint64_t rounds = 1'000;
  std::atomic<std::uint64_t> seen{0};
  std::thread follower([&] {
    Interrupt interrupt;
    for (std::uint64_t tip = 0; tip < rounds; tip = reader->tip(), seen = tip) {
      REQUIRE(reader->wait(tip, interrupt, limit).value() == WaitResult::new_events);
    }
  });
  for (std::uint64_t i = 0; i < rounds; ++i) {
    append_each(*log, 1);
    if (i % 2 == 0) continue;
    while (seen <= i)
      std::this_thread::yield();  // so that the follower waits again
  }
  follower.join();
}

TEST_CASE("no interrupt is lost between a reader that looks and waits and a thread that raises it") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const auto reader = open_reader(dir.path());
  Interrupt interrupt;
  for (int i = 0; i < 500; ++i) {
    std::thread raiser([&] { interrupt.raise(); });
    REQUIRE(reader->wait(0, interrupt, limit).value() == WaitResult::interrupted);
    raiser.join();
    interrupt.reset();
  }
}

TEST_CASE("an append wakes a reader in another process") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  const Signal ready;
  const auto child = in_child([&] {
    const auto reader = SegmentReader::open(os::real_file_system(), dir.path());
    if (!reader) return 1;
    Interrupt interrupt;
    for (std::uint64_t tip = 0; tip < 20;) {
      ready.give();
      const auto result = (*reader)->wait(tip, interrupt, limit);
      if (!result || *result != WaitResult::new_events) return 2;
      tip = (*reader)->tip();
    }
    return 0;
  });
  for (int i = 0; i < 20; ++i) {
    ready.await();
    append_each(*log, 1);
  }
  CHECK(status_of(child) == 0);
}

TEST_CASE("a reader outlives its writer, waits for the next one, and sees what that appends") {
  const TempDir dir;
  FaultFileSystem files;
  const Signal appended;
  // A process that dies without closing anything.
  const auto writer = in_child([&] {
    const auto log = SegmentLog::open(small_options(dir.path(), files));
    if (!log || !append(**log, {event_with("of the first")})) return 1;
    appended.give();
    return 0;
  });
  appended.await();
  const auto reader = open_reader(dir.path());
  REQUIRE(status_of(writer) == 0);
  CHECK(reader->tip() == 1);
  Interrupt interrupt;
  CHECK(reader->wait(1, interrupt, 1ms).value() == WaitResult::timed_out);
  auto cursor = reader->read_from(1);
  REQUIRE(cursor);
  for (std::uint64_t run = 1; run < 4; ++run) {
    std::thread next([&] { append_each(*open_log(small_options(dir.path(), files)), 1); });
    CHECK(reader->wait(run, interrupt, limit).value() == WaitResult::new_events);
    next.join();
    const auto block = (*cursor)->next();
    REQUIRE(block);
    REQUIRE(*block != nullptr);
    CHECK((*block)->first_id() == run);
  }
}

TEST_CASE("a reader keeps the tip that it was opened with while the next writer recovers") {
  const TempDir dir;
  FaultFileSystem files;
  auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 3);
  const auto reader = open_reader(dir.path());
  log.reset();
  auto page = TipPublisher::open(dir.path() / "tip");
  REQUIRE(page);
  page->reset();
  CHECK(reader->tip() == 3);
  CHECK(reader->read_from(2));
}

TEST_CASE("what a dead writer has published and is gone is not shown") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto segment = dir.path() / segment_name(0);
  std::filesystem::resize_file(segment, block_offsets(read_file(segment))[2]);
  const auto reader = open_reader(dir.path());
  CHECK(reader->tip() == 2);
  CHECK(read_all(*reader).size() == 2);
}

TEST_CASE("while a writer recovers, or cannot, its page says that nobody serves") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto log_id = open_reader(dir.path())->log_id();
  const auto page = TipView::open(dir.path() / "tip", log_id, os::boot_id().value());
  REQUIRE(page);
  CHECK(page->incarnation() != 0);  // as the writer that has ended left it
  std::filesystem::remove(dir.path() / segment_name(0));
  REQUIRE_FALSE(SegmentLog::open(small_options(dir.path(), files)));
  CHECK(page->incarnation() == 0);
  CHECK_FALSE(page->tip());
}

TEST_CASE("without a writer a reader shows the blocks that are there and changes nothing") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 12);
  std::filesystem::remove(dir.path() / "tip");
  std::filesystem::remove(dir.path() / "lock");
  const auto before = files.list(dir.path()).value();
  {
    FaultFileSystem watched;
    auto reader = SegmentReader::open(watched, dir.path());
    REQUIRE(reader);
    CHECK(read_all(**reader).size() == 12);
    CHECK((*reader)->type_counts().value() == TypeCounts{{"test", 12}});
    for (const auto& call : watched.calls()) {
      for (const char* change : {"write_at", "truncate", "rename", "remove", "create_directory"}) {
        CHECK(call.name != change);
      }
    }
  }
  CHECK(files.list(dir.path()).value() == before);
}

TEST_CASE("a reader that was opened before any tip page existed notices the first writer") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 2);
  std::filesystem::remove(dir.path() / "tip");
  const auto reader = open_reader(dir.path());
  CHECK(reader->tip() == 2);
  std::thread writer([&] { append_each(*open_log(small_options(dir.path(), files)), 1); });
  Interrupt interrupt;
  CHECK(reader->wait(2, interrupt, limit).value() == WaitResult::new_events);
  writer.join();
  CHECK(reader->tip() == 3);
}

TEST_CASE("a tip page of another boot, or of another log, is not believed") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto log_id = open_reader(dir.path())->log_id();
  // A writer seems to live: somebody holds the lock, and the page says that it serves, but not now and not
  // this.
  const auto lock = os::FileLock::acquire(dir.path() / "lock");
  REQUIRE(lock);
  auto page = TipPublisher::open(dir.path() / "tip");
  REQUIRE(page);
  page->serve(log_id, Uuid::random(), 1'000);
  CHECK(open_reader(dir.path())->tip() == 3);
  page->serve(Uuid::random(), os::boot_id().value(), 1'000);
  CHECK(open_reader(dir.path())->tip() == 3);
  page->serve(log_id, os::boot_id().value(), 2);
  CHECK(open_reader(dir.path())->tip() == 2);
}

TEST_CASE("a page that was copied with its folder while the log went on is not believed") {
  const TempDir dir;
  FaultFileSystem files;
  const auto copy = dir.path() / "copy";
  const auto original = dir.path() / "log";
  std::filesystem::create_directory(copy);
  {
    const auto log = open_log(small_options(original, files));
    append_each(*log, 3);
    std::filesystem::copy(original / segment_name(0), copy);
    append_each(*log, 1);
    std::filesystem::copy(original / "tip", copy);
  }
  CHECK(std::filesystem::file_size(copy / segment_name(0)) <
        std::filesystem::file_size(original / segment_name(0)));
  const auto reader = open_reader(copy);
  CHECK(reader->tip() == 3);
  append_each(*open_log(small_options(copy, files)), 1);
  CHECK(reader->tip() == 4);
}

TEST_CASE("a bit flipped anywhere in the tip page hides no event from a reader and keeps no writer out") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto page = read_file(dir.path() / "tip");
  for (std::size_t bit = 0; bit < sizeof(TipPageLayout) * 8; ++bit) {
    CAPTURE(bit);
    poke(dir.path() / "tip", bit / 8, static_cast<char>(page[bit / 8] ^ (1 << bit % 8)));
    CHECK(open_reader(dir.path())->tip() == 3);
    poke(dir.path() / "tip", bit / 8, page[bit / 8]);
  }
  poke(dir.path() / "tip", offsetof(TipPageLayout, tip), 1);
  CHECK(open_log(small_options(dir.path(), files))->tip() == 3);
}

TEST_CASE("a published tip that later blocks prove to be too low is not believed") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto log_id = open_reader(dir.path())->log_id();
  auto page = TipPublisher::open(dir.path() / "tip");
  REQUIRE(page);
  page->serve(log_id, os::boot_id().value(), 1);  // the third block says that the second was durable
  CHECK(open_reader(dir.path())->tip() == 3);
}

TEST_CASE(
    "blocks that the last writer of this boot did not publish are not shown until a writer has synced them") {
  const TempDir dir;
  FaultFileSystem files;
  append_each(*open_log(small_options(dir.path(), files)), 3);
  const auto log_id = open_reader(dir.path())->log_id();
  auto page = TipPublisher::open(dir.path() / "tip");
  REQUIRE(page);
  page->serve(log_id, os::boot_id().value(), 2);  // it died between write and publication
  const auto reader = open_reader(dir.path());
  CHECK(reader->tip() == 2);
  const auto log = open_log(small_options(dir.path(), files));
  CHECK(reader->tip() == 3);
}

TEST_CASE("where there is no log a reader says so") {
  const TempDir dir;
  for (const auto& folder : {dir.path(), dir.path() / "none"}) {
    const auto reader = SegmentReader::open(os::real_file_system(), folder);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == ErrorCode::not_found);
    CHECK(reader.error().message.find("append an event first") != std::string::npos);
  }
}

TEST_CASE("a damaged block is reported by file and offset, each time it is asked for") {
  const TempDir dir;
  FaultFileSystem files;
  const auto log = open_log(small_options(dir.path(), files));
  append_each(*log, 2);
  const auto end = log->stats()->bytes;
  append_each(*log, 1);
  auto file = files.open(dir.path() / "00000000000000000000.seg", os::OpenMode::read_write);
  REQUIRE(file);
  const std::string_view damage = "damage";
  REQUIRE((*file)->write_at(end + 200, std::span(&damage, 1)));
  for (const auto check : {Check::body, Check::directory}) {
    auto cursor = log->read_from(0, check);
    REQUIRE(cursor);
    for (int i = 0; i < 2; ++i)
      REQUIRE((*cursor)->next().value() != nullptr);
    for (int i = 0; i < 2; ++i) {
      auto result = (*cursor)->next();
      const auto error = check == Check::body ? result.error() : (*cursor)->check_body().error();
      CHECK(error.code == ErrorCode::corrupt);
      CHECK(error.message.find("offset " + std::to_string(end)) != std::string::npos);
      if (check == Check::directory) break;
    }
  }
}

}  // namespace aludel
