// SPDX-License-Identifier: MIT
#include "processor/letters.hpp"

namespace aludel {

namespace {

// What is long stands last, so that it is not read where the rest is. Each filter has an index; those over
// the open letters alone hold all that is asked of them, so that closed ones, which stay, cost nothing.
constexpr const char* schema = R"(
create table _aludel_letter (
  id integer primary key,
  event_id integer not null,
  time_ns integer not null,
  type text not null,
  source text not null,
  key text not null,
  content_type text not null,
  handler_version text not null,
  outcome text not null,
  stage text not null,
  code text not null,
  message text not null,
  folded text not null,
  attempts integer not null,
  first_failed_ns integer not null,
  last_failed_ns integer not null,
  state text not null default 'dead',
  reason text not null default '',
  replays integer not null default 0,
  retries integer not null default 0,
  next_replay_ns integer,
  detail text not null,
  attributes blob not null,
  data blob not null
) strict;
create index _aludel_letter_type on _aludel_letter (type);
create index _aludel_letter_key on _aludel_letter (key);
create index _aludel_letter_code on _aludel_letter (code);
create index _aludel_letter_failed on _aludel_letter (last_failed_ns);
create index _aludel_letter_event on _aludel_letter (event_id);
create index _aludel_letter_open on _aludel_letter (id, state)
  where state in ('dead', 'replaying', 'permanent');
create index _aludel_letter_group on _aludel_letter
  (handler_version, code, folded, first_failed_ns, last_failed_ns, state)
  where state in ('dead', 'replaying', 'permanent');
create index _aludel_letter_chosen on _aludel_letter (id) where state = 'replaying';
)";

constexpr const char* insert =
    "insert into _aludel_letter (event_id, time_ns, type, source, key, content_type, attributes, data, "
    "handler_version, outcome, stage, code, message, folded, detail, attempts, first_failed_ns, "
    "last_failed_ns, next_replay_ns) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr const char* stored_columns =
    "select id, attempts, retries, event_id, time_ns, type, source, key, content_type, attributes, data "
    "from _aludel_letter where ";

// Readable bytes behind an event's data, as the ABI promises them.
constexpr std::size_t data_padding = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string_view to_string(LetterState state) {
  switch (state) {
    case LetterState::dead: return "dead";
    case LetterState::replaying: return "replaying";
    case LetterState::replayed: return "replayed";
    case LetterState::discarded: return "discarded";
    case LetterState::permanent: return "permanent";
  }
  return "unknown";
}

std::string folded(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (!is_digit(message[i])) {
      out += message[i];
    } else if (i == 0 || !is_digit(message[i - 1])) {
      out += '#';
    }
  }
  return out;
}

Result<void> Letters::make(Database& database) {
  if (auto made = database.execute(schema); !made) return made;
  return LetterSchedule::make(database);
}

Result<void> Letters::add(const Event& event, const ProcessorError& error, std::string_view handler_version) {
  if (insert_.handle() == nullptr) {
    auto prepared = database_->prepare(insert);
    if (!prepared) return prepared.error();
    insert_ = std::move(*prepared);
  }
  const auto kind = folded(error.message);
  const auto next = schedule_.next_replay_ns(0, error.since_ns);
  next ? insert_.bind(19, *next) : insert_.bind_null(19);
  schedule_.changed();
  return insert_.bind(1, static_cast<std::int64_t>(event.id))
      .bind(2, event.time_ns)
      .bind(3, event.type)
      .bind(4, event.source)
      .bind(5, event.key)
      .bind(6, event.content_type)
      .bind_blob(7, event.attributes.packed())
      .bind_blob(8, event.data)
      .bind(9, handler_version)
      .bind(10, std::string_view(error.outcome))
      .bind(11, std::string_view(error.stage))
      .bind(12, std::string_view(error.code))
      .bind(13, std::string_view(error.message))
      .bind(14, std::string_view(kind))
      .bind(15, std::string_view(error.detail_json))
      .bind(16, std::int64_t{error.attempt})
      .bind(17, error.first_failed_ns)
      .bind(18, error.since_ns)
      .run();
}

Result<std::uint64_t> Letters::change(const std::string& set, const LetterFilter& filter,
                                      std::string_view value) {
  schedule_.changed();
  const LetterCondition condition(filter);
  auto update = database_->prepare("update _aludel_letter set " + set + " where " + condition.sql());
  if (!update) return update.error();
  update->bind(1, value);
  condition.bind(*update, 2);
  const auto before = database_->total_changes();
  if (auto done = update->run(); !done) return done.error();
  return static_cast<std::uint64_t>(database_->total_changes() - before);
}

Result<std::optional<std::string>> Letters::state_of(std::int64_t id) {
  auto select = database_->prepare("select state from _aludel_letter where id = ?");
  if (!select) return select.error();
  const auto found = select->bind(1, id).step();
  if (!found) return found.error();
  return *found ? std::optional(std::string(select->text(0))) : std::nullopt;
}

Result<std::uint64_t> Letters::discard(const LetterFilter& filter, std::string_view reason) {
  auto open = filter;
  open.closed = false;
  return change("reason = ?, state = 'discarded', next_replay_ns = null", open, reason);
}

Result<std::uint64_t> Letters::choose(const LetterFilter& filter) {
  auto open = filter;
  open.closed = false;
  return change("state = ?", open, to_string(LetterState::replaying));
}

Event StoredEvent::event() const {
  Event event;
  event.id = event_id;
  event.time_ns = time_ns;
  event.type = type;
  event.source = source;
  event.key = key;
  event.content_type = content_type;
  event.attributes = AttributeList(attributes);
  event.data = std::string_view(padded_data).substr(0, padded_data.size() - data_padding);
  return event;
}

Result<std::optional<StoredEvent>> Letters::next_chosen(std::int64_t after) {
  if (next_chosen_.handle() == nullptr) {
    auto prepared = database_->prepare(stored_columns +
                                       std::string("state = 'replaying' and id > ? order by id limit 1"));
    if (!prepared) return prepared.error();
    next_chosen_ = std::move(*prepared);
  }
  return read(next_chosen_.bind(1, after));
}

Result<std::optional<StoredEvent>> Letters::due_letter(std::int64_t id, std::int64_t now_ns) {
  auto select =
      database_->prepare(stored_columns + std::string("state = 'dead' and next_replay_ns <= ?2 and id = ?1"));
  if (!select) return select.error();
  return read(select->bind(1, id).bind(2, now_ns));
}

Result<std::optional<StoredEvent>> Letters::unchosen_letter_of(std::uint64_t event_id) {
  auto select =
      database_->prepare(stored_columns + std::string("state in ('dead', 'permanent') and event_id = ?"));
  if (!select) return select.error();
  return read(select->bind(1, static_cast<std::int64_t>(event_id)));
}

// The row that it steps to, as a copy.
Result<std::optional<StoredEvent>> Letters::read(Statement& select) {
  const auto found = select.step();
  if (!found) return found.error();
  if (!*found) return std::optional<StoredEvent>();
  StoredEvent stored;
  stored.letter = select.integer(0);
  stored.attempts = static_cast<std::uint32_t>(select.integer(1));
  stored.retries = static_cast<std::uint64_t>(select.integer(2));
  stored.event_id = static_cast<std::uint64_t>(select.integer(3));
  stored.time_ns = select.integer(4);
  stored.type = select.text(5);
  stored.source = select.text(6);
  stored.key = select.text(7);
  stored.content_type = select.text(8);
  stored.attributes = select.blob(9);
  stored.padded_data = select.blob(10);
  stored.padded_data.append(data_padding, '\0');
  select.reset();
  return std::optional(std::move(stored));
}

Result<void> Letters::close_replayed(std::int64_t id) {
  schedule_.changed();
  auto update =
      database_->prepare("update _aludel_letter set state = 'replayed', next_replay_ns = null where id = ?");
  if (!update) return update.error();
  return update->bind(1, id).run();
}

Result<void> Letters::note_failed_replay(const StoredEvent& stored, By by, const ProcessorError& error,
                                         std::string_view handler_version) {
  schedule_.changed();
  auto update = database_->prepare(
      "update _aludel_letter set state = ?10, replays = replays + 1, attempts = attempts + 1, "
      "handler_version = ?2, outcome = ?3, stage = ?4, code = ?5, message = ?6, folded = ?7, detail = ?8, "
      "last_failed_ns = ?9, retries = ?11, next_replay_ns = ?12 where id = ?1");
  if (!update) return update.error();
  const auto kind = folded(error.message);
  const auto retries = stored.retries + (by == By::schedule ? 1 : 0);
  const auto state = schedule_.is_exhausted(retries) ? LetterState::permanent : LetterState::dead;
  const auto next = schedule_.next_replay_ns(retries, error.since_ns);
  next ? update->bind(12, *next) : update->bind_null(12);
  return update->bind(1, stored.letter)
      .bind(2, handler_version)
      .bind(3, std::string_view(error.outcome))
      .bind(4, std::string_view(error.stage))
      .bind(5, std::string_view(error.code))
      .bind(6, std::string_view(error.message))
      .bind(7, std::string_view(kind))
      .bind(8, std::string_view(error.detail_json))
      .bind(9, error.since_ns)
      .bind(10, to_string(state))
      .bind(11, static_cast<std::int64_t>(retries))
      .run();
}

Result<void> Letters::release_chosen() {
  schedule_.changed();
  auto update = database_->prepare(
      "update _aludel_letter set state = iif(retries >= ?, 'permanent', 'dead') where state = 'replaying'");
  if (!update) return update.error();
  return update->bind(1, static_cast<std::int64_t>(schedule_.retries_max())).run();
}

}  // namespace aludel
