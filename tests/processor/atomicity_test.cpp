// SPDX-License-Identifier: MIT
// Rows and cursor are one: whatever a crash leaves of the files, they agree, and the next run ends where an
// undisturbed one does. These tests fail if the cursor commits apart from the rows.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t wal_header = 32;
constexpr std::uintmax_t frame = 24 + 4096;

/// Keeps a copy of the projection's files as they are after each commit, until the next one.
class CrashRig : public Rig {
 public:
  CrashRig() {
    script.committed = [this](Database&) {
      for (const char* name : {"projection-1.db", "projection-1.db-wal"}) {
        fs::copy_file(directory() / name, temp.path() / name, fs::copy_options::overwrite_existing);
      }
    };
  }

  /// The number of bytes in the write-ahead log, which holds all that was ever committed.
  [[nodiscard]] std::uintmax_t wal_size() const { return fs::file_size(temp.path() / "projection-1.db-wal"); }

  /// A processor's directory as a crash would have left it when that much of the write-ahead log was there.
  [[nodiscard]] fs::path crashed_at(std::uintmax_t size) const {
    auto crashed = temp.path() / "crashed";
    fs::remove_all(crashed);
    fs::create_directory(crashed);
    for (const char* name : {"projection-1.db", "projection-1.db-wal"})
      fs::copy_file(temp.path() / name, crashed / name);
    fs::resize_file(crashed / "projection-1.db-wal", size);
    fs::create_symlink("projection-1.db", crashed / "projection.db");
    return crashed;
  }
};

/// Which of the rig's events a handler of `wanted` has rows of, with its cursor at `next`.
std::string expected_rows(std::uint64_t next, const std::string& all) {
  std::string line;
  for (std::size_t begin = 0; begin < all.size();) {
    const auto end = std::min(all.find(' ', begin), all.size());
    if (std::stoull(all.substr(begin, end - begin)) < next)
      line += (line.empty() ? "" : " ") + all.substr(begin, end - begin);
    begin = end + 1;
  }
  return line;
}

void check_all_crashes(CrashRig& rig, const std::string& all) {
  const auto original = rig.options.directory;
  const auto size = rig.wal_size();
  int agreed = 0;
  for (auto at = wal_header; at <= size; at += frame) {
    for (const auto bytes : {at, std::min(at + frame / 2, size)}) {
      CAPTURE(bytes);
      const auto crashed = rig.crashed_at(bytes);
      const auto state = read_state(crashed);
      // The link is made only once the first tables are on the disk.
      if (!state) fs::remove(crashed / "projection.db");
      if (state && Rig::number_in(crashed, "select count(*) from sqlite_schema where name = 'rows'") == 1) {
        CHECK(Rig::rows_in(crashed) == expected_rows(state->next, all));
        ++agreed;
      }
      rig.options.directory = crashed;
      rig.script.flush = {};
      rig.script.events.clear();
      rig.script.committed = nullptr;
      CHECK(rig.run().activity == Activity::offline);
      CHECK(Rig::rows_in(crashed) == all);
      rig.options.directory = original;
    }
  }
  CHECK(agreed > 10);
}

}  // namespace

TEST_CASE("rows and cursor agree whatever a crash leaves of the files") {
  for (const bool gathers : {false, true}) {
    CAPTURE(gathers);
    CrashRig rig;
    rig.script.gathers = gathers;
    for (int i = 0; i < 4; ++i)
      rig.log.append({{"wanted"}, {"other"}, {"wanted"}});
    rig.options.batch_size = 3;
    rig.run();
    check_all_crashes(rig, "0 2 3 5 6 8 9 11");
  }
}

TEST_CASE("rows and cursor agree after a crash in the middle of faults") {
  CrashRig rig;
  rig.log.append("wanted", 12, 3);
  rig.options.batch_size = 4;
  // The first batch is delivered one by one; the last is undone, and its neighbours come again.
  rig.script.flush = {.outcome = Outcome::fail, .times = 1};
  rig.script.events[10] = {.outcome = Outcome::fail};
  CHECK(rig.run().activity == Activity::stopped);
  check_all_crashes(rig, upto(11));
}

}  // namespace aludel
