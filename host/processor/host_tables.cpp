// SPDX-License-Identifier: MIT
#include "processor/host_tables.hpp"

#include <array>
#include <utility>

#include "processor/letters.hpp"
#include "processor/outbox.hpp"

namespace aludel {

namespace {

constexpr const char* schema_1 = R"(
create table _aludel_identity (
  id integer primary key check (id = 1),
  format integer not null,
  handler_id text not null,
  handler_version text not null,
  projection_version integer not null,
  log_id text not null,
  producer_id text not null
) strict;
create table _aludel_cursor (
  id integer primary key check (id = 1),
  next integer not null,
  fingerprint integer not null,
  handled integer not null,
  skipped integer not null,
  dead_letters integer not null
) strict;
insert into _aludel_cursor values (1, 0, 0, 0, 0, 0);
create table _aludel_standstill (
  id integer primary key check (id = 1),
  activity text not null,
  event_id integer,
  since_ns integer not null,
  attempt integer not null,
  outcome text not null,
  stage text not null,
  code text not null,
  message text not null
) strict;
)";

constexpr const char* schema_2 = R"(
alter table _aludel_standstill add column detail text not null default '';
alter table _aludel_standstill add column first_failed_ns integer not null default 0;
alter table _aludel_standstill add column next_try_ns integer;
alter table _aludel_cursor add column start_next integer not null default 0;
alter table _aludel_cursor add column start_fingerprint integer not null default 0;
alter table _aludel_cursor add column expired integer not null default 0;
create table _aludel_control (
  id integer primary key check (id = 1),
  paused_ns integer,
  rebuild_below integer not null
) strict;
insert into _aludel_control values (1, null, 0);
create table _aludel_subscription (
  kind integer not null,
  type text not null
) strict;
create table _aludel_command (
  id integer primary key,
  finished integer not null,
  refused integer not null,
  succeeded integer not null,
  failed integer not null,
  message text not null
) strict;
update _aludel_identity set format = 2;
)";

std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

std::uint64_t loaded(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

Error damaged(const Database& database, std::string_view what) {
  return {ErrorCode::corrupt, "read the projection " + database.path().string() + ": " + std::string(what) +
                                  "; restore it, or remove it to have it made anew from the log"};
}

// Prepares, and steps to the only row.
Result<Statement> the_row(Database& database, std::string_view sql, std::string_view what) {
  auto statement = database.prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  if (!*row) return damaged(database, std::string(what) + " is missing");
  return statement;
}

// A view or a virtual table has whoever reads it run SQL of a plugin's.
Result<void> require_tables(Database& database) {
  auto other = database.prepare(
      "select name from sqlite_schema where type in ('table', 'view') and substr(name, 1, 8) = '_aludel_' "
      "and sql not like 'create table %'");
  if (!other) return other.error();
  const auto found = other->step();
  if (!found) return found.error();
  return *found ? damaged(database, std::string(other->text(0)) + " is no table") : Result<void>();
}

std::optional<Activity> durable_activity(std::string_view word) {
  for (const auto activity : {Activity::stopped, Activity::diverged, Activity::expired, Activity::refused,
                              Activity::retrying, Activity::tripped}) {
    if (to_string(activity) == word) return activity;
  }
  return std::nullopt;
}

// An event's attempts go on counting, whatever keeps the processor from going on meanwhile; unless the log no
// longer has that event.
bool displaces(const Standstill& standstill, const std::optional<Standstill>& earlier) {
  const bool about_event = earlier && earlier->error.event_id;
  const bool is_gone = standstill.activity == Activity::diverged || standstill.activity == Activity::expired;
  return !about_event || standstill.error.event_id || is_gone;
}

}  // namespace

Result<bool> HostTables::exist(Database& database) {
  auto found =
      database.prepare("select 1 from sqlite_schema where type = 'table' and name = '_aludel_identity'");
  if (!found) return found.error();
  return found->step();
}

Result<void> HostTables::make(Database& database, const ProjectionIdentity& identity, const Position& start) {
  if (auto made = database.execute(schema_1); !made) return made.error();
  auto insert = database.prepare("insert into _aludel_identity values (1, ?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  const auto log_id = identity.log_id.to_string();
  const auto producer_id = identity.producer_id.to_string();
  insert->bind(1, std::int64_t{1})
      .bind(2, std::string_view(identity.handler_id))
      .bind(3, std::string_view(identity.handler_version))
      .bind(4, std::int64_t{identity.projection_version})
      .bind(5, std::string_view(log_id))
      .bind(6, std::string_view(producer_id));
  if (auto inserted = insert->run(); !inserted) return inserted;
  HostTables tables(database, 1);
  if (auto upgraded = tables.upgrade(); !upgraded) return upgraded;
  auto begin = database.prepare(
      "update _aludel_cursor set next = ?1, fingerprint = ?2, start_next = ?1, start_fingerprint = ?2");
  if (!begin) return begin.error();
  return begin->bind(1, stored(start.next)).bind(2, std::int64_t{start.fingerprint}).run();
}

// The way of every projection, old or new: what is tested with one holds for the other.
Result<void> HostTables::upgrade() {
  if (found_format_ < 2) {
    if (auto altered = database_->execute(schema_2); !altered) return altered;
    if (auto made = Letters::make(*database_); !made) return made;
    if (auto made = Outbox::make(*database_); !made) return made;
  }
  found_format_ = format;
  return {};
}

Result<HostTables> HostTables::open(Database& database) {
  auto row = the_row(database, "select format from _aludel_identity", "its identity");
  if (!row) return row.error();
  const auto found = row->integer(0);
  if (found > format) {
    return Error{ErrorCode::unsupported,
                 "open the projection " + database.path().string() + ": its format is " +
                     std::to_string(found) + ", this program knows up to " + std::to_string(format) +
                     ": use the newer Aludel that made it",
                 "newer_format"};
  }
  if (auto real = require_tables(database); !real) return real.error();
  HostTables tables(database, found);
  auto move = database.prepare(
      "update _aludel_cursor set next = ?3, fingerprint = ?4, handled = ?5, skipped = ?6, dead_letters = ?7 "
      "where id = 1 and next = ?1 and fingerprint = ?2");
  if (!move) return move.error();
  tables.move_cursor_ = std::move(*move);
  return tables;
}

Result<ProjectionIdentity> HostTables::identity() {
  auto row = the_row(
      *database_,
      "select handler_id, handler_version, projection_version, log_id, producer_id from _aludel_identity",
      "its identity");
  if (!row) return row.error();
  const auto log_id = Uuid::parse(row->text(3));
  const auto producer_id = Uuid::parse(row->text(4));
  if (!log_id || !producer_id) return damaged(*database_, "its identity is no UUID");
  return ProjectionIdentity{
      .handler_id = std::string(row->text(0)),
      .handler_version = std::string(row->text(1)),
      .projection_version = static_cast<std::uint32_t>(row->integer(2)),
      .log_id = *log_id,
      .producer_id = *producer_id,
  };
}

Result<Cursor> HostTables::cursor() {
  auto row =
      the_row(*database_, "select next, fingerprint, handled, skipped, dead_letters from _aludel_cursor",
              "its cursor");
  if (!row) return row.error();
  return Cursor{
      .position = {loaded(row->integer(0)), static_cast<std::uint32_t>(row->integer(1))},
      .handled = loaded(row->integer(2)),
      .skipped = loaded(row->integer(3)),
      .dead_letters = loaded(row->integer(4)),
  };
}

Result<std::optional<Standstill>> HostTables::standstill() {
  constexpr const char* select_1 =
      "select activity, event_id, since_ns, attempt, outcome, stage, code, message, '', since_ns, null "
      "from _aludel_standstill";
  constexpr const char* select =
      "select activity, event_id, since_ns, attempt, outcome, stage, code, message, detail, first_failed_ns, "
      "next_try_ns from _aludel_standstill";
  auto row = database_->prepare(found_format_ == 1 ? select_1 : select);
  if (!row) return row.error();
  const auto found = row->step();
  if (!found) return found.error();
  if (!*found) return std::optional<Standstill>();
  const auto activity = durable_activity(row->text(0));
  if (!activity) return damaged(*database_, "\"" + std::string(row->text(0)) + "\" is no way to stand still");
  Standstill standstill{*activity, {}};
  if (!row->is_null(1)) standstill.error.event_id = loaded(row->integer(1));
  standstill.error.since_ns = row->integer(2);
  standstill.error.attempt = static_cast<std::uint32_t>(row->integer(3));
  standstill.error.outcome = row->text(4);
  standstill.error.stage = row->text(5);
  standstill.error.code = row->text(6);
  standstill.error.message = row->text(7);
  standstill.error.detail_json = row->text(8);
  standstill.error.first_failed_ns = row->integer(9);
  if (!row->is_null(10)) standstill.error.next_try_ns = row->integer(10);
  return std::optional<Standstill>(std::move(standstill));
}

Result<std::uint64_t> HostTables::expired() {
  if (found_format_ < 2) return std::uint64_t{0};
  auto row = the_row(*database_, "select expired from _aludel_cursor", "its cursor");
  if (!row) return row.error();
  return loaded(row->integer(0));
}

Result<std::uint64_t> HostTables::emitted() {
  if (found_format_ < 2) return std::uint64_t{0};
  auto row =
      the_row(*database_,
              "select ifnull((select sequence + 1 from _aludel_outbox order by sequence desc limit 1), "
              "relayed) from _aludel_identity",
              "its identity");
  if (!row) return row.error();
  return loaded(row->integer(0));
}

Result<std::uint64_t> HostTables::emits_pending() {
  if (found_format_ < 2) return std::uint64_t{0};
  auto row =
      the_row(*database_,
              "select ifnull((select sequence + 1 from _aludel_outbox order by sequence desc limit 1), "
              "relayed) - relayed from _aludel_identity",
              "its identity");
  if (!row) return row.error();
  return loaded(row->integer(0));
}

Result<void> HostTables::move_cursor(const Position& from, const Cursor& to) {
  const auto changes = database_->total_changes();
  move_cursor_.bind(1, stored(from.next))
      .bind(2, std::int64_t{from.fingerprint})
      .bind(3, stored(to.position.next))
      .bind(4, std::int64_t{to.position.fingerprint})
      .bind(5, stored(to.handled))
      .bind(6, stored(to.skipped))
      .bind(7, stored(to.dead_letters));
  if (auto moved = move_cursor_.run(); !moved) return moved.error();
  if (database_->total_changes() != changes) return {};
  return Error{ErrorCode::conflict,
               "move the cursor of " + database_->path().string() + " from event " +
                   std::to_string(from.next) +
                   ": it is elsewhere, somebody else has moved it: find out who writes to this projection, "
                   "then start again",
               "cursor_moved"};
}

Result<void> HostTables::note_handler(const HandlerDescription& handler, std::uint32_t projection_version) {
  auto update = database_->prepare("update _aludel_identity set handler_version = ?, projection_version = ?");
  if (!update) return update.error();
  auto noted =
      update->bind(1, std::string_view(handler.version)).bind(2, std::int64_t{projection_version}).run();
  if (!noted) return noted;
  if (auto cleared = database_->execute("delete from _aludel_subscription"); !cleared) return cleared;
  auto insert = database_->prepare("insert into _aludel_subscription values (?, ?)");
  if (!insert) return insert.error();
  for (const auto& subscription : handler.subscriptions) {
    noted = insert->bind(1, static_cast<std::int64_t>(subscription.kind))
                .bind(2, std::string_view(subscription.type))
                .run();
    if (!noted) return noted;
  }
  return {};
}

Result<std::vector<Subscription>> HostTables::subscriptions() {
  std::vector<Subscription> subscriptions;
  if (found_format_ < 2) return subscriptions;
  auto rows = database_->prepare("select kind, type from _aludel_subscription order by rowid");
  if (!rows) return rows.error();
  for (;;) {
    const auto found = rows->step();
    if (!found) return found.error();
    if (!*found) return subscriptions;
    subscriptions.push_back({static_cast<Subscription::Kind>(rows->integer(0)), std::string(rows->text(1))});
  }
}

Result<void> HostTables::note_standstill(const Standstill& standstill) {
  const auto earlier = this->standstill();
  if (!earlier) return earlier.error();
  if (!displaces(standstill, *earlier)) return {};
  auto insert = database_->prepare(
      "insert or replace into _aludel_standstill values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  const auto& error = standstill.error;
  insert->bind(1, to_string(standstill.activity));
  error.event_id ? insert->bind(2, stored(*error.event_id)) : insert->bind_null(2);
  error.next_try_ns ? insert->bind(11, *error.next_try_ns) : insert->bind_null(11);
  return insert->bind(3, error.since_ns)
      .bind(4, std::int64_t{error.attempt})
      .bind(5, std::string_view(error.outcome))
      .bind(6, std::string_view(error.stage))
      .bind(7, std::string_view(error.code))
      .bind(8, std::string_view(error.message))
      .bind(9, std::string_view(error.detail_json))
      .bind(10, error.first_failed_ns)
      .run();
}

Result<void> HostTables::count_letters() {
  return database_->execute(
      "update _aludel_cursor set dead_letters = "
      "(select count(*) from _aludel_letter where state in ('dead', 'replaying', 'permanent'))");
}

Result<void> HostTables::count_expired(std::uint64_t events) {
  auto update = database_->prepare("update _aludel_cursor set expired = expired + ?");
  if (!update) return update.error();
  return update->bind(1, stored(events)).run();
}

Result<void> HostTables::count_replayed() {
  return database_->execute(
      "update _aludel_cursor set handled = handled + 1, dead_letters = max(dead_letters - 1, 0)");
}

Result<ControlState> HostTables::control() {
  if (found_format_ < 2) return ControlState{};
  auto row =
      the_row(*database_,
              "select paused_ns, rebuild_below, (select ifnull(max(id), 0) from _aludel_command), "
              "ifnull((select min(id) from _aludel_command where not finished), 0) from _aludel_control",
              "its control row");
  if (!row) return row.error();
  ControlState control;
  if (!row->is_null(0)) control.paused_ns = row->integer(0);
  control.rebuild_below = loaded(row->integer(1));
  control.applied = row->integer(2);
  control.unfinished = row->integer(3);
  return control;
}

Result<void> HostTables::set_paused(std::optional<std::int64_t> since_ns) {
  auto update = database_->prepare("update _aludel_control set paused_ns = ?");
  if (!update) return update.error();
  since_ns ? update->bind(1, *since_ns) : update->bind_null(1);
  return update->run();
}

Result<void> HostTables::note_command(std::int64_t id, const CommandResult& result) {
  auto insert = database_->prepare("insert or replace into _aludel_command values (?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  return insert->bind(1, id)
      .bind(2, std::int64_t{result.finished})
      .bind(3, std::int64_t{result.refused})
      .bind(4, stored(result.succeeded))
      .bind(5, stored(result.failed))
      .bind(6, std::string_view(result.message))
      .run();
}

Result<std::optional<CommandResult>> HostTables::command_result(std::int64_t id) {
  if (found_format_ < 2) return std::optional<CommandResult>();
  auto select = database_->prepare(
      "select finished, refused, succeeded, failed, message from _aludel_command where id = ?");
  if (!select) return select.error();
  const auto found = select->bind(1, id).step();
  if (!found) return found.error();
  if (!*found) return std::optional<CommandResult>();
  return std::optional(CommandResult{select->integer(0) != 0, select->integer(1) != 0,
                                     loaded(select->integer(2)), loaded(select->integer(3)),
                                     std::string(select->text(4))});
}

Result<Position> HostTables::start() {
  auto row = the_row(*database_, "select start_next, start_fingerprint from _aludel_cursor", "its cursor");
  if (!row) return row.error();
  return Position{loaded(row->integer(0)), static_cast<std::uint32_t>(row->integer(1))};
}

Result<void> HostTables::begin_anew(const Position& start, std::uint64_t expired, std::uint64_t rebuild_below,
                                    const Uuid& log_id) {
  auto cursor = database_->prepare(
      "update _aludel_cursor set next = ?1, fingerprint = ?2, start_next = ?1, start_fingerprint = ?2, "
      "handled = 0, skipped = 0, dead_letters = 0, expired = ?3");
  if (!cursor) return cursor.error();
  auto set = cursor->bind(1, stored(start.next))
                 .bind(2, std::int64_t{start.fingerprint})
                 .bind(3, stored(expired))
                 .run();
  if (!set) return set;
  auto identity = database_->prepare("update _aludel_identity set projection_version = 0, log_id = ?");
  if (!identity) return identity.error();
  const auto text = log_id.to_string();
  if (set = identity->bind(1, std::string_view(text)).run(); !set) return set;
  auto control = database_->prepare("update _aludel_control set rebuild_below = ?");
  if (!control) return control.error();
  if (set = control->bind(1, stored(rebuild_below)).run(); !set) return set;
  return clear_standstill();
}

Result<void> HostTables::clear_standstill() {
  return database_->execute("delete from _aludel_standstill");
}

}  // namespace aludel
