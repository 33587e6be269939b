// SPDX-License-Identifier: MIT
// How SQLite finds dead letters: by an index, whatever is asked, so that it stays fast as they become many.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "processor/command.hpp"
#include "processor/letter_reader.hpp"
#include "processor/projection.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

/// The statements about letters that any connection of this process runs while it is there, with their
/// values.
class Trace {
 public:
  Trace() {
    current = this;
    sqlite3_auto_extension(entry());
  }
  ~Trace() {
    sqlite3_cancel_auto_extension(entry());
    current = nullptr;
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  std::vector<std::string> statements;

 private:
  static inline Trace* current = nullptr;

  static void (*entry())() { return reinterpret_cast<void (*)()>(&Trace::on_open); }
  static int on_open(sqlite3* database, char**, const void*) {
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, &Trace::on_statement, nullptr);
  }
  static int on_statement(unsigned, void*, void* statement, void*) {
    char* text = sqlite3_expanded_sql(static_cast<sqlite3_stmt*>(statement));
    const std::string sql(text == nullptr ? "" : text);
    sqlite3_free(text);
    const bool reads = sql.starts_with("select") || sql.starts_with("update");
    if (current != nullptr && reads && sql.find("_aludel_letter") != std::string::npos)
      current->statements.push_back(sql);
    return 0;
  }
};

/// A processor with three letters.
class Queries : public Rig {
 public:
  Queries() {
    log.append("wanted", 3, 3);
    options.error_policy.processor.strategy = Strategy::dead_letter;
    for (const std::uint64_t id : {0U, 1U, 2U})
      script.events[id] = {.outcome = Outcome::fail, .until = 2};
    run();
  }

  /// How SQLite would find the letters, a line a step.
  [[nodiscard]] std::string plan(const std::string& sql) const {
    auto database = Database::open(projection_link(directory()), Database::Mode::read_only);
    REQUIRE(database);
    auto explain = (*database)->prepare("explain query plan " + sql);
    REQUIRE(explain);
    std::string lines;
    for (;;) {
      const auto row = explain->step();
      REQUIRE(row);
      if (!*row) return lines;
      lines += std::string(explain->text(3)) + "\n";
    }
  }

  /// The plan of the only statement that `read` has a reader run.
  [[nodiscard]] std::string plan_of(const std::function<Result<void>(LetterReader&)>& read) const {
    const Trace trace;
    auto reader = LetterReader::open(directory());
    REQUIRE(reader);
    REQUIRE(read(*reader));
    REQUIRE(trace.statements.size() == 1);
    return plan(trace.statements.front());
  }

  void order(Command::Kind kind, const LetterFilter& letters) {
    auto queue = CommandQueue::open(directory());
    REQUIRE(queue);
    REQUIRE((*queue)->post({0, kind, letters}, 0));
  }
};

LetterFilter with(const std::function<void(LetterFilter&)>& narrow) {
  LetterFilter filter;
  narrow(filter);
  return filter;
}

// Nobody reads the whole table; what is read of an index is no more than what is asked for.
bool scans(const std::string& plan) {
  return plan.find("SCAN _aludel_letter\n") != std::string::npos;
}

}  // namespace

TEST_CASE("each filter of letters is served by an index, among the open ones and among all") {
  struct Row {
    LetterFilter filter;
    std::string expected;
  };
  const Row rows[] = {
      {with([](auto& f) {
         f.ids = {1, 3};
       }),
       "INTEGER PRIMARY KEY (rowid=?)"},
      {with([](auto& f) { f.type = "wanted"; }), "INDEX _aludel_letter_type (type=?)"},
      {with([](auto& f) { f.type = "want*"; }), "INDEX _aludel_letter_type (type>? AND type<?)"},
      {with([](auto& f) { f.key = "k"; }), "INDEX _aludel_letter_key (key=?)"},
      {with([](auto& f) { f.code = "boom"; }), "INDEX _aludel_letter_code (code=?)"},
      {with([](auto& f) { f.since_ns = 1; }), "INDEX _aludel_letter_failed (last_failed_ns>?"},
      {with([](auto& f) { f.until_ns = 1; }), "INDEX _aludel_letter_failed (last_failed_ns>?"},
      {with([](auto& f) {
         f.type = "wanted";
         f.key = "k";
       }),
       "INDEX _aludel_letter_key (key=?)"},
      {with([](auto& f) {
         f.code = "boom";
         f.since_ns = 1;
       }),
       "INDEX _aludel_letter_code (code=?)"},
  };
  const Queries rig;
  for (const auto& row : rows) {
    for (const bool closed : {false, true}) {
      auto filter = row.filter;
      filter.closed = closed;
      const auto plan = rig.plan_of([&](LetterReader& reader) {
        return reader.each(filter, 10, LetterReader::Extent::summary,
                           [](const Letter&) { return Result<void>(); });
      });
      CAPTURE(plan);
      CHECK(plan.find("SEARCH _aludel_letter USING " + row.expected) != std::string::npos);
    }
  }
}

TEST_CASE("open letters are listed in their order without looking at closed ones, and without sorting") {
  const Queries rig;
  const auto plan = rig.plan_of([](LetterReader& reader) {
    return reader.each({}, std::nullopt, LetterReader::Extent::with_event,
                       [](const Letter&) { return Result<void>(); });
  });
  CHECK(plan == "SCAN _aludel_letter USING INDEX _aludel_letter_open\n");
}

TEST_CASE("letters are grouped by their index alone") {
  const Queries rig;
  const auto plan = rig.plan_of([](LetterReader& reader) {
    return reader.groups({}, [](const LetterGroup&) { return Result<void>(); });
  });
  // What is sorted is the groups.
  CHECK(plan ==
        "SCAN _aludel_letter USING COVERING INDEX _aludel_letter_group\n"
        "USE TEMP B-TREE FOR ORDER BY\n");
}

TEST_CASE("no command on letters looks at all that there are") {
  for (const auto& filter : {LetterFilter{}, with([](auto& f) { f.code = "boom"; })}) {
    Queries rig;
    rig.order(Command::Kind::replay, filter);
    rig.order(Command::Kind::replay, filter);
    rig.order(Command::Kind::discard, filter);
    std::vector<std::string> statements;
    {
      const Trace trace;
      rig.run();
      statements = trace.statements;
    }
    CHECK(Rig::text_in(rig.directory(), "select group_concat(state || replays) from _aludel_letter") ==
          "replayed1,replayed1,replayed1");
    // Three commands; to come to a letter and to settle it, of three letters twice.
    CHECK(statements.size() >= 15);
    for (const auto& statement : statements) {
      const auto plan = rig.plan(statement);
      CAPTURE(statement);
      CAPTURE(plan);
      CHECK_FALSE(scans(plan));
      CHECK(plan.find("TEMP B-TREE") == std::string::npos);
    }
  }
}

TEST_CASE("letters that are due are found by their index alone") {
  Queries rig;
  rig.options.replay.strategy = ReplayStrategy::fixed;
  for (const auto order :
       {ReplayOrder::oldest, ReplayOrder::newest, ReplayOrder::fewest_retries, ReplayOrder::by_code}) {
    rig.options.replay.order = order;
    const Trace trace;
    rig.run();
    std::size_t found = 0;
    for (const auto& statement : std::vector(trace.statements)) {
      const auto plan = rig.plan(statement);
      CAPTURE(statement);
      CAPTURE(plan);
      CHECK_FALSE(scans(plan));
      if (!statement.starts_with("select id from") &&
          statement.find("min(next_replay_ns)") == std::string::npos)
        continue;
      ++found;
      CHECK(plan.find("COVERING INDEX _aludel_letter_due") != std::string::npos);
    }
    CHECK(found > 0);
  }
}

}  // namespace aludel
