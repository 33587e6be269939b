// SPDX-License-Identifier: MIT
#include "processor/command.hpp"

#include <array>
#include <charconv>

#include "processor/consistency.hpp"

namespace aludel {

namespace {

// `closed` is 0: a command is about open letters. The queues that there are have the column.
constexpr const char* schema = R"(
pragma synchronous = full;
create table if not exists command (
  id integer primary key,
  kind text not null,
  ids text not null,
  type text not null,
  key text,
  code text not null,
  since_ns integer,
  until_ns integer,
  closed integer not null,
  dry_run integer not null
) strict;
)";

constexpr const char* file_name = "control.db";
constexpr std::int64_t newest_format = 0;  // as `user_version`

constexpr std::array kinds{Command::Kind::pause, Command::Kind::resume,  Command::Kind::skip,
                           Command::Kind::reset, Command::Kind::discard, Command::Kind::replay};

std::optional<Command::Kind> parse_kind(std::string_view word) {
  for (const auto kind : kinds) {
    if (to_string(kind) == word) return kind;
  }
  return std::nullopt;
}

Result<void> require_known_format(Database& database) {
  auto select = database.prepare("pragma user_version");
  if (!select) return select.error();
  if (const auto row = select->step(); !row) return row.error();
  const auto found = select->integer(0);
  if (found == newest_format) return {};
  return Error(ErrorCode::unsupported,
               "read the commands in " + database.path().string() + ": their format is " +
                   std::to_string(found) + ", this program knows " + std::to_string(newest_format) +
                   ": use the newer Aludel that made it",
               "newer_format");
}

// If this program knows its format.
Result<std::unique_ptr<Database>> checked(Result<std::unique_ptr<Database>> database) {
  if (!database) return database;
  if (auto known = require_known_format(**database); !known) return known.error();
  return database;
}

std::string joined(const std::vector<std::int64_t>& ids) {
  std::string out;
  for (const auto id : ids)
    out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

std::vector<std::int64_t> split(std::string_view text) {
  std::vector<std::int64_t> ids;
  const auto* const end = text.data() + text.size();
  for (const auto* at = text.data(); at < end;) {
    std::int64_t id = 0;
    const auto [behind, error] = std::from_chars(at, end, id);
    if (error != std::errc()) break;
    ids.push_back(id);
    at = behind + 1;
  }
  return ids;
}

void bind(Statement& statement, int index, const std::optional<std::int64_t>& value) {
  value ? statement.bind(index, *value) : statement.bind_null(index);
}

// What is lost with the queue is what waits in it.
Error advised(const Error& error, const std::filesystem::path& file) {
  if (error.code != ErrorCode::corrupt) return error;
  return {
      error.code,
      error.message + ": end the host and remove " + file.string() +
          ": the commands that are kept in it are lost, the processor's projection and dead letters are not",
      "damaged_commands"};
}

std::optional<std::int64_t> integer_at(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

}  // namespace

std::string_view to_string(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::pause: return "pause";
    case Command::Kind::resume: return "resume";
    case Command::Kind::skip: return "skip";
    case Command::Kind::reset: return "reset";
    case Command::Kind::discard: return "discard";
    case Command::Kind::replay: return "replay";
  }
  return "unknown";
}

Result<std::unique_ptr<CommandQueue>> CommandQueue::open(const std::filesystem::path& directory) {
  const auto file = directory / file_name;
  std::error_code ignored;
  if (std::filesystem::is_symlink(file, ignored)) {
    // By its plugin perhaps, to have others write where it may not.
    return Error(ErrorCode::refused,
                 "open " + file.string() + ": it is a link: look at where it leads, and remove it");
  }
  auto database = Database::open(file, Database::Mode::create);
  if (!database) return advised(database.error(), file);
  if (auto known = require_known_format(**database); !known) return advised(known.error(), file);
  if (auto made = (*database)->execute(schema); !made) return advised(made.error(), file);
  return std::unique_ptr<CommandQueue>(new CommandQueue(std::move(*database)));
}

Result<std::uint64_t> CommandQueue::waiting(const std::filesystem::path& directory, std::int64_t applied,
                                            std::chrono::milliseconds time_max) {
  auto database = checked(Database::look(directory / file_name, time_max));
  if (!database) return database.error();
  auto select = (*database)->prepare("select count(*) from command where id > ?");
  if (!select) return select.error();
  if (const auto found = select->bind(1, applied).step(); !found) return found.error();
  return static_cast<std::uint64_t>(select->integer(0));
}

Result<std::vector<std::string>> CommandQueue::faults(const std::filesystem::path& directory) {
  const auto database = checked(Database::open(directory / file_name, Database::Mode::read_only));
  if (!database) return database.error();
  auto faults = database_faults(**database);
  if (!faults || !faults->empty()) return faults;
  auto select = (*database)->prepare("select id, kind from command order by id");
  if (!select) return select.error();
  for (;;) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return faults;
    if (parse_kind(select->text(1))) continue;
    faults->push_back("command " + std::to_string(select->integer(0)) + " is to \"" +
                      std::string(select->text(1)) + "\", which this program does not know");
  }
}

Result<std::int64_t> CommandQueue::post(const Command& command, std::int64_t applied) {
  auto insert = database_->prepare(
      "insert into command values (max(?1, ifnull((select max(id) from command), 0)) + 1, "
      "?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9) returning id");
  if (!insert) return insert.error();
  const auto& letters = command.letters;
  const auto ids = joined(letters.ids);
  insert->bind(1, applied)
      .bind(2, to_string(command.kind))
      .bind(3, std::string_view(ids))
      .bind(4, std::string_view(letters.type))
      .bind(6, std::string_view(letters.code))
      .bind(9, std::int64_t{command.dry_run});
  letters.key ? insert->bind(5, std::string_view(*letters.key)) : insert->bind_null(5);
  bind(*insert, 7, letters.since_ns);
  bind(*insert, 8, letters.until_ns);
  const auto row = insert->step();
  if (!row) return advised(row.error(), database_->path());
  const auto id = insert->integer(0);
  if (auto done = insert->run(); !done) return done.error();
  return id;
}

Result<std::optional<Command>> CommandQueue::next(std::int64_t applied) {
  auto select = database_->prepare(
      "select id, kind, ids, type, key, code, since_ns, until_ns, dry_run from command where id > ? "
      "order by id limit 1");
  if (!select) return select.error();
  const auto found = select->bind(1, applied).step();
  if (!found) return advised(found.error(), database_->path());
  if (!*found) return std::optional<Command>();
  const auto kind = parse_kind(select->text(1));
  if (!kind) {
    return Error(ErrorCode::unsupported, "read a command from " + database_->path().string() +
                                             ": this program has no \"" + std::string(select->text(1)) +
                                             "\": use the newer Aludel that posted it");
  }
  Command command{select->integer(0), *kind, {}, select->integer(8) != 0};
  auto& letters = command.letters;
  letters.ids = split(select->text(2));
  letters.type = select->text(3);
  if (!select->is_null(4)) letters.key = std::string(select->text(4));
  letters.code = select->text(5);
  letters.since_ns = integer_at(*select, 6);
  letters.until_ns = integer_at(*select, 7);
  return std::optional(std::move(command));
}

}  // namespace aludel
