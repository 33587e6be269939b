// SPDX-License-Identifier: MIT
// A projection is carried on only by its handler, on its log.
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "processor/projection.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

void write_to_projection(const Rig& rig, const char* sql) {
  auto database = Database::open(projection_link(rig.directory()), Database::Mode::read_write);
  REQUIRE(database);
  REQUIRE((*database)->execute(sql));
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a projection that does not belong to this handler and this log is left alone, and says why") {
  struct Row {
    std::string what;
    std::function<void(Rig&)> estrange;
    std::function<void(Rig&)> reconcile;
    Activity activity;
    std::string code;
    std::string words;
  };
  Uuid own;
  const Row rows[] = {
      {"another handler's", [](Rig& rig) { rig.script.description.id = "org.example.other"; },
       [](Rig& rig) { rig.script.description.id = "org.example.scripted"; }, Activity::refused,
       "other_handler", "org.example.scripted"},
      {"another log's",
       [&](Rig& rig) {
         own = rig.log.log_id();
         rig.log.set_log_id(Uuid::random());
       },
       [&](Rig& rig) { rig.log.set_log_id(own); }, Activity::diverged, "other_log", "this is log"},
      {"cursor beyond the tip", [](Rig& rig) { rig.log.cut(4); }, [](Rig& rig) { rig.log.restore(); },
       Activity::diverged, "cursor_beyond_tip", "the log ends before event 3"},
      {"another history",
       [](Rig& rig) {
         rig.log.cut(4);
         rig.log.append("wanted", 7, 3);
       },
       [](Rig& rig) { rig.log.restore(); }, Activity::diverged, "history_differs", "event 5"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    Rig rig;
    rig.log.append("wanted", 6, 3);
    rig.run();
    row.estrange(rig);
    // What its letters would be given is not written either.
    rig.options.replay.strategy = ReplayStrategy::fixed;
    const auto policy = [&] { return Rig::text_in(rig.directory(), "select policy from _aludel_replay"); };
    const auto state = rig.run();
    CHECK(policy() == "off");
    CHECK(rig.script.journal.back() == "destroy");
    CHECK(rig.script.work() == "");
    for (const auto& seen : {state, rig.durable()}) {
      CHECK(seen.activity == row.activity);
      CHECK(seen.next == 6);
      REQUIRE(seen.error);
      CHECK(seen.error->stage == "open");
      CHECK(seen.error->outcome == "host");
      CHECK(seen.error->code == row.code);
      CHECK(seen.error->message.find(row.words) != std::string::npos);
    }
    CHECK(rig.rows() == upto(5));
    row.reconcile(rig);
    CHECK(rig.run().activity == Activity::offline);
    CHECK(policy() != "off");
    CHECK_FALSE(rig.durable().error);
  }
}

TEST_CASE("a projection of another log is not resumed, and what helps is said; on its own log it is") {
  Rig rig;
  rig.log.append("wanted", 6, 3);
  rig.run();
  const auto own = rig.log.log_id();
  rig.log.set_log_id(Uuid::random());
  rig.run();
  Rig::command(rig.directory(), {.kind = Command::Kind::resume});
  CHECK(rig.run().activity == Activity::diverged);
  const auto answer = [&] {
    return Rig::text_in(rig.directory(),
                        "select refused || ' ' || message from _aludel_command order by id desc limit 1");
  };
  CHECK(answer().starts_with("1 open the projection: it was made from log "));
  CHECK(answer().find("or reset the processor") != std::string::npos);
  rig.log.set_log_id(own);
  Rig::command(rig.directory(), {.kind = Command::Kind::pause});
  Rig::command(rig.directory(), {.kind = Command::Kind::resume});
  CHECK(rig.run().activity == Activity::offline);
  CHECK(answer() == "0 ");
}

TEST_CASE(
    "the cursor's fingerprint is the block's of the event before it, wherever in a block the cursor stands") {
  for (const std::uint64_t batch_size : {1U, 2U, 3U, 4U, 7U}) {
    for (std::uint64_t failing = 0; failing < 9; ++failing) {
      CAPTURE(batch_size);
      CAPTURE(failing);
      Rig rig;
      rig.log.append("wanted", 9, 3);
      rig.options.batch_size = batch_size;
      rig.script.events[failing] = {.outcome = Outcome::fail};
      rig.run();
      const auto stored = Rig::number_in(rig.directory(), "select fingerprint from _aludel_cursor");
      const auto expected = failing == 0 ? 0 : *rig.log.block_fingerprint(failing - 1);
      CHECK(stored == expected);
      rig.script.events.clear();
      CHECK(rig.run().activity == Activity::offline);
      CHECK(rig.rows() == upto(8));
    }
  }
}

TEST_CASE("a log that cannot say what it holds at the cursor stops the processor") {
  Rig rig;
  rig.log.append("wanted", 6, 3);
  rig.run();
  rig.log.fail_at(5);
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.durable().error->stage == "read");
  CHECK(rig.durable().error->code == "corrupt");
  rig.log.fail_at(std::nullopt);
  CHECK(rig.run().activity == Activity::offline);
}

TEST_CASE("a projection of a newer format is refused, and not written to") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.run();
  write_to_projection(rig, "update _aludel_identity set format = 99; drop table _aludel_standstill");
  const auto state = rig.run();
  CHECK(state.activity == Activity::refused);
  REQUIRE(state.error);
  CHECK(state.error->code == "newer_format");
  CHECK(state.error->message.find("use the newer Aludel") != std::string::npos);
  CHECK(rig.script.journal.empty());
  CHECK(rig.durable().activity == Activity::refused);
  CHECK(rig.durable().error->code == "newer_format");
  CHECK(rig.rows() == upto(2));
}

TEST_CASE("a projection of format 1 is read as it is, and brought to format 2 by its owner, outbox and all") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.run();
  write_to_projection(rig,
                      "drop table _aludel_outbox; drop table _aludel_letter; drop table _aludel_replay;"
                      "drop table _aludel_command; drop table _aludel_control;"
                      "drop table _aludel_subscription;"
                      "alter table _aludel_identity drop column relayed;"
                      "alter table _aludel_cursor drop column start_next;"
                      "alter table _aludel_cursor drop column start_fingerprint;"
                      "alter table _aludel_cursor drop column expired;"
                      "alter table _aludel_standstill drop column detail;"
                      "alter table _aludel_standstill drop column first_failed_ns;"
                      "alter table _aludel_standstill drop column next_try_ns;"
                      "update _aludel_identity set format = 1");
  CHECK(rig.durable().next == 3);
  CHECK(rig.durable().emits_pending == 0);
  rig.log.append("wanted", 2, 2);
  rig.script.emits = true;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(4));
  CHECK(rig.emitted.keys() == "3 4");
  CHECK(rig.emitted.calls.front().sequence == 0);
  CHECK(Rig::number_in(rig.directory(), "select format from _aludel_identity") == 2);
}

TEST_CASE("a projection that is no database is an error of the directory, and is not replaced") {
  Rig rig;
  rig.run();
  const auto file = rig.directory() / "projection-1.db";
  std::filesystem::resize_file(file, 0);
  std::filesystem::remove(rig.directory() / "projection-1.db-wal");
  { std::ofstream(file) << std::string(8192, 'x'); }
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::corrupt);
  CHECK(std::filesystem::file_size(file) == 8192);
}

TEST_CASE("a link to a projection that is missing is an error, and nothing is made in its place") {
  Rig rig;
  rig.run();
  std::filesystem::remove(rig.directory() / "projection-1.db");
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::corrupt);
  CHECK(opened.error().message.find("restore it") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(rig.directory() / "projection-1.db"));
}

TEST_CASE("a projection that became empty is an error, and is not made anew") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.run();
  const auto file = rig.directory() / "projection-1.db";
  std::filesystem::remove(rig.directory() / "projection-1.db-wal");
  std::filesystem::resize_file(file, 0);
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::corrupt);
  CHECK(opened.error().message.find("the database is empty; restore it") != std::string::npos);
  CHECK(std::filesystem::file_size(file) == 0);
}

TEST_CASE("a projection in which a view has the place of a table is an error for all who read it") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.run();
  write_to_projection(
      rig,
      "drop table _aludel_cursor; create view _aludel_cursor as with recursive c (x) as (select 1 union all "
      "select x + 1 from c) select x as id, x as next, x as fingerprint, x as handled, x as skipped, "
      "x as dead_letters from c where x < 0; "
      "create trigger t instead of update on _aludel_cursor begin select 1; end");
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  for (const auto& error : {opened.error(), read_state(rig.directory()).error()}) {
    CHECK(error.code == ErrorCode::corrupt);
    CHECK(error.message.find("_aludel_cursor is no table; restore it") != std::string::npos);
  }
}

TEST_CASE("a database of something else is not taken for a projection, and stays as it is") {
  for (const bool linked : {false, true}) {
    Rig rig;
    const auto file = rig.directory() / "projection-1.db";
    {
      auto foreign = Database::open(rig.temp.path() / "foreign", Database::Mode::create);
      REQUIRE(foreign);
      REQUIRE((*foreign)->execute("pragma journal_mode = delete; create table t (a)"));
    }
    std::filesystem::rename(rig.temp.path() / "foreign", file);
    if (linked) std::filesystem::create_symlink("projection-1.db", projection_link(rig.directory()));
    const auto before = contents_of(file);
    const auto opened = rig.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::conflict);
    CHECK(opened.error().reason == "foreign_projection");
    CHECK(contents_of(file) == before);
  }
}

TEST_CASE("a link that leads nowhere but to itself is an error") {
  Rig rig;
  std::filesystem::create_symlink("projection.db", projection_link(rig.directory()));
  const auto opened = rig.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("symbolic links") != std::string::npos);
}

TEST_CASE("a crash before the first tables costs nothing") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  REQUIRE(Database::open(rig.directory() / "projection-1.db", Database::Mode::create));
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.rows() == upto(2));
}

TEST_CASE("a crash between the first tables and the link costs nothing") {
  Rig rig;
  rig.log.append("wanted", 3, 3);
  rig.run();
  std::filesystem::remove(projection_link(rig.directory()));
  CHECK(rig.run().activity == Activity::offline);
  CHECK(rig.script.life() == "create start stop destroy");
  CHECK(std::filesystem::read_symlink(projection_link(rig.directory())) == "projection-1.db");
  CHECK(rig.rows() == upto(2));
}

TEST_CASE("each projection has a producer id of its own, which stays") {
  Rig one;
  Rig two;
  const auto id_of = [](const Rig& rig) {
    auto database = Database::open(projection_link(rig.directory()), Database::Mode::read_only);
    REQUIRE(database);
    auto tables = HostTables::open(**database);
    REQUIRE(tables);
    auto identity = tables->identity();
    REQUIRE(identity);
    return identity->producer_id;
  };
  one.run();
  two.run();
  const auto id = id_of(one);
  CHECK(id != id_of(two));
  one.run();
  CHECK(id_of(one) == id);
}

}  // namespace aludel
