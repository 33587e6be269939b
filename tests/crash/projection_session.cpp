// SPDX-License-Identifier: MIT
#include "projection_session.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <random>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t events = 24;

template <typename Take>
void each_row(Database& database, const char* sql, const Take& take) {
  auto row = database.prepare(sql);
  REQUIRE(row);
  for (;;) {
    const auto found = row->step();
    REQUIRE(found);
    if (!*found) return;
    take(*row);
  }
}

std::uint64_t id_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

// The last command whose end can be read.
std::int64_t finished_in(Database& database) {
  std::int64_t id = 0;
  each_row(database, "select ifnull(max(id), 0) from _aludel_command where finished",
           [&](const Statement& row) { id = row.integer(0); });
  return id;
}

std::int64_t highest_command(const std::filesystem::path& database, const char* sql) {
  const SqliteFaults::Spared spared;
  if (!std::filesystem::exists(database)) return 0;
  auto opened = Database::open(database, Database::Mode::read_write);
  if (!opened) return 0;
  auto row = (*opened)->prepare(sql);  // there may be no table yet
  if (!row || !row->step()) return 0;
  return row->integer(0);
}

}  // namespace

/// Notes what the log has after which call.
class ProjectionSession::NotingAppender final : public Appender {
 public:
  explicit NotingAppender(ProjectionSession& session) : session_(session) {}
  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt& interrupt) override {
    auto below = session_.emitted.append(request, interrupt);
    session_.recorded_->relayed.emplace_back(session_.vfs_.position(), session_.emitted.logs);
    return below;
  }

 private:
  ProjectionSession& session_;
};

ProjectionSession::ProjectionSession(std::uint32_t seed) : random_(seed) {
  choose();
  log.on_wait = [this](const FakeLog::Wait& wait) -> Result<void> {
    answer_wait(wait);
    return {};
  };
  script.committed = [this, commits = 0](Database& database) mutable {
    if (recorded_ != nullptr) recorded_->finished.emplace_back(vfs_.position(), finished_in(database));
    // SQLite's own checkpoints come from the hook that the script has taken.
    if (checkpoint_every_ != 0 && ++commits % checkpoint_every_ == 0)
      (void)sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                      nullptr);
  };
}

void ProjectionSession::choose() {
  const auto number = [this](std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); };
  options.batch_size = 1 + number(5);
  options.error_policy.processor.strategy = Strategy::dead_letter;
  options.error_policy.processor.on_retry = Strategy::retry;
  script.emits = number(4) != 0;
  script.gathers = number(2) == 0;
  checkpoint_every_ = static_cast<int>(number(3) * 3);
  std::vector<std::uint64_t> chosen(events);
  for (std::uint64_t id = 0; id < events; ++id)
    chosen[id] = id;
  std::shuffle(chosen.begin(), chosen.end(), random_);
  wanted_ = Ids(chosen.begin() + 3, chosen.end());
  deeds_[chosen[3]] = {.outcome = Outcome::fail};
  deeds_[chosen[4]] = {.outcome = Outcome::fail, .writes = false};
  deeds_[chosen[5]] = {.outcome = Outcome::retry, .until = 1 + number(2)};
  deeds_[chosen[6]] = {.outcome = Outcome::retry, .writes = false, .until = 1};
  deeds_[chosen[7]] = {.outcome = Outcome::skip, .writes = false};
  failing_ = {chosen[3], chosen[4]};
  skipped_ = {chosen[7]};
  using Kind = Command::Kind;
  const std::vector<Kind> plans[] = {
      {},
      {Kind::replay},
      {Kind::discard, Kind::replay},
      {Kind::pause, Kind::resume, Kind::replay},
      {Kind::reset},
      {Kind::replay, Kind::reset, Kind::replay},
  };
  commands_ = plans[number(std::size(plans))];
  // The script emits in a rebuild too, as a plugin cannot.
  if (orders(Kind::reset)) script.emits = false;
}

bool ProjectionSession::orders(Command::Kind kind) const {
  return std::find(commands_.begin(), commands_.end(), kind) != commands_.end();
}

// With the first order to replay whatever made events fail is mended.
void ProjectionSession::set_deeds() {
  const auto given = commands_given();
  const auto replay = std::find(commands_.begin(), commands_.end(), Command::Kind::replay);
  script.events = deeds_;
  if (replay - commands_.begin() < given) script.events.clear();
  for (const auto id : skipped_)
    script.events[id] = deeds_.at(id);
}

void ProjectionSession::answer_wait(const FakeLog::Wait& wait) {
  if (wait.timeout) {
    clock.advance(*wait.timeout);
  } else if (give_command()) {
    stop.nudge();
  } else {
    stop.raise();
  }
}

std::int64_t ProjectionSession::commands_given() const {
  return std::max(
      highest_command(directory() / "control.db", "select ifnull(max(id), 0) from command"),
      highest_command(projection_link(directory()), "select ifnull(max(id), 0) from _aludel_command"));
}

bool ProjectionSession::give_command() {
  const auto given = static_cast<std::size_t>(commands_given());
  if (!gives_commands_ || given >= commands_.size()) return false;
  const SqliteFaults::Spared spared;
  auto queue = CommandQueue::open(directory());
  REQUIRE(queue);
  REQUIRE((*queue)->post(
      {.kind = commands_[given]},
      highest_command(projection_link(directory()), "select ifnull(max(id), 0) from _aludel_command")));
  queue->reset();
  if (recorded_ != nullptr) recorded_->answered.push_back(vfs_.position());
  set_deeds();
  return true;
}

ProcessorState ProjectionSession::run_to_end() {
  set_deeds();
  for (;;) {
    auto state = run();
    if (state.activity != Activity::paused || !give_command()) return state;
  }
}

template <typename Run>
void ProjectionSession::record(Life& life, const Run& run) {
  NotingAppender noting(*this);
  appender = &noting;
  recorded_ = &life;
  vfs_.record(directory());
  run();
  life.calls = vfs_.stop();
  recorded_ = nullptr;
  appender = &emitted;
}

void ProjectionSession::append_events(std::uint64_t end) {
  while (log.tip() < end) {
    std::vector<FakeLog::Entry> block;
    for (auto size = 1 + random_() % 4; size > 0 && log.tip() + block.size() < end; --size)
      block.push_back({wanted_.contains(log.tip() + block.size()) ? "wanted" : "other"});
    log.append(block);
  }
}

ProjectionSession::Life ProjectionSession::live() {
  Life life;
  record(life, [&] {
    append_events(events / 2);
    run_to_end();
    append_events(events);
    gives_commands_ = true;
    check_end(run_to_end());
  });
  return life;
}

void ProjectionSession::put(const FolderContent& left, const std::filesystem::path& folder) const {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  for (const auto& [name, bytes] : left) {
    if (name == "projection.db") {
      std::filesystem::create_symlink(bytes, folder / name);
    } else {
      std::ofstream(folder / name, std::ios::binary) << bytes;
    }
  }
}

// Nothing, if there is no projection yet.
std::optional<ProjectionContent> ProjectionSession::look(const std::filesystem::path& folder) const {
  const SqliteFaults::Spared spared;
  if (!std::filesystem::is_symlink(projection_link(folder))) return std::nullopt;
  auto opened = Database::open(projection_link(folder), Database::Mode::read_write);
  REQUIRE(opened);
  auto& database = **opened;
  ProjectionContent content;
  each_row(database, "pragma integrity_check", [](const Statement& row) { REQUIRE(row.text(0) == "ok"); });
  each_row(database, "select next, producer_id, relayed from _aludel_cursor, _aludel_identity",
           [&](const Statement& row) {
             content.next = id_at(row, 0);
             content.producer = row.text(1);
             content.relayed = id_at(row, 2);
           });
  each_row(database, "select key from _aludel_outbox order by sequence",
           [&](const Statement& row) { content.outbox.emplace_back(row.text(0)); });
  each_row(database,
           "select event_id, state in ('dead', 'replaying', 'permanent') from _aludel_letter where state <> "
           "'replayed' and reason <> 'reset'",
           [&](const Statement& row) {
             content.unhandled.insert(id_at(row, 0));
             if (row.integer(1) != 0) content.open.insert(id_at(row, 0));
           });
  bool has_rows = false;
  each_row(database, "select 1 from sqlite_schema where name = 'rows'",
           [&](const Statement&) { has_rows = true; });
  if (has_rows)
    each_row(database, "select id from rows",
             [&](const Statement& row) { content.rows.insert(id_at(row, 0)); });
  content.finished = finished_in(database);
  return content;
}

// Each event below the cursor has a row, or a letter if the handler failed at it, or was skipped; each row's
// event was emitted once.
void ProjectionSession::check_content(const ProjectionContent& content, bool has_all_relayed) const {
  for (const auto id : wanted_) {
    CAPTURE(id);
    const auto places =
        content.rows.count(id) + content.unhandled.count(id) + (id < content.next ? skipped_.count(id) : 0);
    REQUIRE(places == (id < content.next ? 1 : 0));
  }
  REQUIRE(
      std::includes(failing_.begin(), failing_.end(), content.unhandled.begin(), content.unhandled.end()));
  const auto its = emitted.logs.find(content.producer);
  std::vector<std::string> keys;
  if (its != emitted.logs.end()) {
    for (const auto& one : its->second)
      keys.push_back(one.key);
  }
  REQUIRE(content.relayed <= keys.size());
  auto own = std::vector(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(content.relayed));
  own.insert(own.end(), content.outbox.begin(), content.outbox.end());
  // The log has nothing that the projection does not know, and has it in the same order.
  REQUIRE(keys.size() <= own.size());
  REQUIRE(std::equal(keys.begin(), keys.end(), own.begin()));
  if (has_all_relayed) REQUIRE(content.outbox.empty());
  std::multiset<std::string> rows;
  if (script.emits) {
    for (const auto id : content.rows)
      rows.insert(std::to_string(id));
  }
  REQUIRE(std::multiset<std::string>(own.begin(), own.end()) == rows);
}

void ProjectionSession::check_end(const ProcessorState& state) const {
  REQUIRE(state.activity == Activity::offline);
  REQUIRE_FALSE(state.error);
  const auto content = look(directory());
  REQUIRE(content);
  REQUIRE(content->next == log.tip());
  check_content(*content, true);
  const bool commanded = log.tip() == events && gives_commands_;
  if (commanded) REQUIRE(content->finished == static_cast<std::int64_t>(commands_.size()));
  REQUIRE(state.handled == content->rows.size());
  REQUIRE(state.skipped == skipped_.size());
  REQUIRE(state.dead_letters == content->open.size());
  // What failed is replayed in the end, if that was ordered.
  if (commanded && orders(Command::Kind::replay)) REQUIRE(content->open.empty());
  REQUIRE(emitted.logs.size() <= 1);
}

ProjectionSession::Life ProjectionSession::check_loss(const Life& life, const FolderContent& left,
                                                      std::size_t calls, std::uint64_t number) {
  Life next{.before = left};
  // An append that came right after the call may have come before the loss.
  for (const auto& [position, relayed] : life.relayed) {
    if (position < calls || (position == calls && number % 2 == 0)) next.relayed = {{0, relayed}};
  }
  for (const auto position : life.answered) {
    if (position <= calls) next.answered.push_back(0);
  }
  for (const auto& [position, finished] : life.finished) {
    if (position <= calls) next.finished = {{0, finished}};
  }
  emitted.logs = next.relayed.empty() ? Relayed{} : next.relayed[0].second;

  const auto looked_at = temp.path() / "looked-at";
  put(left, looked_at);
  const auto content = look(looked_at);
  if (content) {
    check_content(*content, false);
    if (!next.finished.empty()) REQUIRE(content->finished >= next.finished[0].second);
    // A reset that waits there is what makes a diverged one go on.
    if (number % 4 == 1 && !orders(Command::Kind::reset)) check_on_older_log(left, *content, number);
  } else {
    REQUIRE(emitted.logs.empty());
    REQUIRE(next.finished.empty());
  }

  options.directory = temp.path() / "crashed";
  put(left, options.directory);
  REQUIRE(commands_given() >= static_cast<std::int64_t>(next.answered.size()));
  put(left, options.directory);
  record(next, [&] { check_end(run_to_end()); });
  return next;
}

std::size_t ProjectionSession::check_fault(SqliteFaults& faults, const SqliteFault& fault) {
  options.directory = temp.path() / "faulty";
  std::filesystem::remove_all(directory());
  std::filesystem::create_directory(directory());
  emitted.logs.clear();
  faults.fail_after(fault.what, fault.passed, fault.lasts ? std::numeric_limits<std::size_t>::max() : 1);
  gives_commands_ = false;
  log.cut(events / 2);
  auto failed = run_through(faults, fault.lasts);
  log.restore();
  gives_commands_ = true;
  failed += run_through(faults, fault.lasts);
  failed += faults.heal();
  auto state = run_to_end();
  const auto plan = commands_;
  if (was_ended_by_fault()) {
    commands_.push_back(Command::Kind::replay);
    state = run_to_end();
  }
  check_end(state);
  commands_ = plan;
  return failed;
}

// Whether a replay was, and its answer says so; the operator has to order it again.
bool ProjectionSession::was_ended_by_fault() const {
  auto database = Database::open(projection_link(directory()), Database::Mode::read_only);
  REQUIRE(database);
  bool ended = false;
  each_row(**database,
           "select 1 from _aludel_command where message glob 'stopped at letter *: *: io: *' or message glob "
           "'stopped at letter *: *: disk_full: *' or message glob 'stopped at letter *: *: memory: *'",
           [&](const Statement&) { ended = true; });
  return ended;
}

// Starts it again whenever it stands still for a fault. @return how many failed and were healed
std::size_t ProjectionSession::run_through(SqliteFaults& faults, bool lasts) {
  std::string messages;  // of the starts that came to nothing
  for (std::size_t starts = 1;; ++starts) {
    CAPTURE(messages);
    REQUIRE(starts < 10);
    set_deeds();
    stop.reset();
    auto processor = open();
    const auto state = processor ? (*processor)->run(stop) : ProcessorState();
    if (processor) processor->reset();
    if (processor && state.activity == Activity::paused && give_command()) continue;
    if (processor && !state.error) return 0;
    const auto code = processor ? state.error->code : std::string(to_string(processor.error().code));
    messages += (processor ? std::string(to_string(state.activity)) + " " + state.error->stage + " " +
                                 describe(*state.error)
                           : processor.error().message) +
                "\n";
    CAPTURE(messages);
    REQUIRE((code == "io" || code == "disk_full" || code == "memory"));
    if (const auto content = look(directory())) check_content(*content, false);
    if (lasts) {
      if (const auto failed = faults.heal(); failed > 0) return failed + run_through(faults, false);
    }
  }
}

// Its log is another one meanwhile: it ends earlier, or goes on otherwise.
void ProjectionSession::check_on_older_log(const FolderContent& left, const ProjectionContent& content,
                                           std::uint64_t number) {
  const auto relayed = emitted.logs;
  log.cut(number / 4 % events);
  const auto tip = log.tip();
  const bool goes_on = number / 128 % 2 == 0;
  if (goes_on) log.append("wanted", events - tip, 2);
  options.directory = temp.path() / "older";
  put(left, options.directory);
  gives_commands_ = false;
  const auto state = run_to_end();
  const auto after = look(options.directory);
  REQUIRE(after);
  if (content.next > tip || state.activity == Activity::paused) {
    REQUIRE((state.activity == Activity::diverged || state.activity == Activity::paused));
    REQUIRE(after->next == content.next);
    REQUIRE(after->rows == content.rows);
    REQUIRE(emitted.logs.size() == relayed.size());
  } else {
    REQUIRE(state.activity != Activity::diverged);
    REQUIRE(after->next == log.tip());
  }
  gives_commands_ = true;
  log.restore();
  emitted.logs = relayed;
}

}  // namespace aludel
