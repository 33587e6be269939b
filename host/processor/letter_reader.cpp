// SPDX-License-Identifier: MIT
#include "processor/letter_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "processor/host_tables.hpp"
#include "processor/projection.hpp"

namespace aludel {

namespace {

constexpr const char* letter_columns =
    "id, event_id, time_ns, type, source, key, content_type, handler_version, outcome, stage, code, message, "
    "detail, attempts, first_failed_ns, last_failed_ns, state, reason, replays, next_replay_ns, retries";

Letter read_letter(const Statement& row) {
  Letter letter;
  letter.id = row.integer(0);
  letter.event_id = static_cast<std::uint64_t>(row.integer(1));
  letter.time_ns = row.integer(2);
  letter.type = row.text(3);
  letter.source = row.text(4);
  letter.key = row.text(5);
  letter.content_type = row.text(6);
  letter.handler_version = row.text(7);
  letter.outcome = row.text(8);
  letter.stage = row.text(9);
  letter.code = row.text(10);
  letter.message = row.text(11);
  letter.detail_json = row.text(12);
  letter.attempts = static_cast<std::uint64_t>(row.integer(13));
  letter.first_failed_ns = row.integer(14);
  letter.last_failed_ns = row.integer(15);
  letter.state = row.text(16);
  letter.reason = row.text(17);
  letter.replays = static_cast<std::uint64_t>(row.integer(18));
  if (!row.is_null(19)) letter.next_replay_ns = row.integer(19);
  letter.retries = static_cast<std::uint64_t>(row.integer(20));
  letter.attributes = row.blob(21);
  letter.data = row.blob(22);
  return letter;
}

// Why there is no database. The link is made once it is whole.
Error missing(const std::filesystem::path& link) {
  std::error_code failure;
  const auto status = std::filesystem::symlink_status(link, failure);
  if (status.type() == std::filesystem::file_type::not_found) {
    return {ErrorCode::not_found, "open " + link.string() + ": there is no projection yet"};
  }
  if (failure) return os_error("look at " + link.string(), failure.value());
  return {ErrorCode::corrupt, "open " + link.string() + ": the database that it links to is missing"};
}

}  // namespace

Result<LetterReader> LetterReader::open(const std::filesystem::path& directory) {
  const auto link = projection_link(directory);
  auto database = Database::open(link, Database::Mode::read_only);
  if (!database) return database.error().code == ErrorCode::not_found ? missing(link) : database.error();
  const auto there = HostTables::exist(**database);
  if (!there) return there.error();
  if (!*there) return Error(ErrorCode::corrupt, "open " + link.string() + ": it holds no projection");
  const auto tables = HostTables::open(**database);
  if (!tables) return tables.error();
  return LetterReader(std::move(*database), tables->is_current());
}

Result<void> LetterReader::each(const LetterFilter& filter, std::optional<std::uint64_t> limit, Extent extent,
                                const std::function<Result<void>(const Letter&)>& sink) {
  if (!has_letters_) return {};
  const LetterCondition condition(filter);
  auto select =
      database_->prepare("select " + std::string(letter_columns) +
                         (extent == Extent::with_event ? ", attributes, data" : ", x'', x''") +
                         " from _aludel_letter where " + condition.sql() + " order by id limit " +
                         (limit ? std::to_string(std::min<std::uint64_t>(*limit, INT64_MAX)) : "-1"));
  if (!select) return select.error();
  condition.bind(*select);
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return {};
    if (auto taken = sink(read_letter(*select)); !taken) return taken;
  }
}

Result<void> LetterReader::groups(const LetterFilter& filter,
                                  const std::function<Result<void>(const LetterGroup&)>& sink) {
  if (!has_letters_) return {};
  const LetterCondition condition(filter);
  auto select = database_->prepare(
      "select count(*), handler_version, code, folded, min(first_failed_ns), max(last_failed_ns), min(id) "
      "from _aludel_letter where " +
      condition.sql() + " group by handler_version, code, folded order by count(*) desc, min(id)");
  if (!select) return select.error();
  condition.bind(*select);
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return {};
    const LetterGroup group{static_cast<std::uint64_t>(select->integer(0)),
                            select->text(1),
                            select->text(2),
                            select->text(3),
                            select->integer(4),
                            select->integer(5),
                            select->integer(6)};
    if (auto taken = sink(group); !taken) return taken;
  }
}

}  // namespace aludel
