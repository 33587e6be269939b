// SPDX-License-Identifier: MIT
#include "processor/outbox.hpp"

#include <cstring>

#include "base/crc32c.hpp"
#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr const char* schema = R"(
alter table _aludel_identity add column relayed integer not null default 0;
create table _aludel_outbox (
  sequence integer primary key,
  time_ns integer not null,
  type text not null,
  key text not null,
  content_type text not null,
  cause integer not null,
  depth integer not null,
  data blob not null
) strict;
)";

constexpr const char* insert =
    "insert into _aludel_outbox values (ifnull((select sequence + 1 from _aludel_outbox order by sequence "
    "desc limit 1), (select relayed from _aludel_identity)), ?, ?, ?, ?, ?, ?, ?)";

std::string attribute(std::string_view name, std::int64_t value) {
  std::string packed(name);
  packed.append(1, '\0').append(std::to_string(value)).append(1, '\0');
  return packed;
}

// Each part with its size, so that no two events have the same bytes.
std::uint32_t sent_crc(const NewEvent& event) {
  const auto number = [](std::uint64_t value, std::uint32_t before) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    return crc32c({bytes, sizeof bytes}, before);
  };
  auto crc = number(static_cast<std::uint64_t>(event.time_ns), 0);
  for (const auto part : {event.type, event.key, event.content_type, event.attributes.packed(), event.data})
    crc = crc32c(part, number(part.size(), crc));
  return crc;
}

}  // namespace

std::vector<NewEvent> OutboxChunk::events(std::string_view source) const {
  std::vector<NewEvent> events;
  events.reserve(rows_.size());
  for (const auto& row : rows_) {
    NewEvent event{.type = row.type,
                   .source = source,
                   .key = row.key,
                   .content_type = row.content_type,
                   .data = row.data,
                   .attributes = AttributeList(row.attributes),
                   .time_ns = row.time_ns};
    event.sent_crc = sent_crc(event);
    events.push_back(event);
  }
  return events;
}

Result<void> Outbox::make(Database& database) {
  return database.execute(schema);
}

Result<void> Outbox::add(const EmittedEvent& event) {
  if (insert_.handle() == nullptr) {
    auto prepared = database_->prepare(insert);
    if (!prepared) return prepared.error();
    insert_ = std::move(*prepared);
  }
  may_hold_ = true;
  return insert_.bind(1, event.time_ns)
      .bind(2, event.type)
      .bind(3, event.key)
      .bind(4, event.content_type)
      .bind(5, static_cast<std::int64_t>(event.cause))
      .bind(6, std::int64_t{event.depth})
      .bind_blob(7, event.data)
      .run();
}

Result<OutboxChunk> Outbox::first() {
  auto row = database_->prepare("select * from _aludel_outbox order by sequence");
  if (!row) return row.error();
  OutboxChunk chunk;
  for (std::size_t size = 0; chunk.rows_.size() < limits::relay_events_max;) {
    const auto found = row->step();
    if (!found) return found.error();
    if (!*found) break;
    size += row->text(2).size() + row->text(3).size() + row->text(4).size() + row->blob(7).size();
    if (!chunk.empty() && size > limits::relay_size_max) break;
    if (chunk.empty()) chunk.sequence_ = static_cast<std::uint64_t>(row->integer(0));
    auto attributes =
        attribute(cause_attribute, row->integer(5)) + attribute(depth_attribute, row->integer(6));
    chunk.rows_.push_back({row->integer(1), std::string(row->text(2)), std::string(row->text(3)),
                           std::string(row->text(4)), std::move(attributes), std::string(row->blob(7))});
  }
  may_hold_ = !chunk.empty();
  return chunk;
}

Result<void> Outbox::remove_below(std::uint64_t sequence) {
  const auto end = static_cast<std::int64_t>(sequence);
  auto remove = database_->prepare("delete from _aludel_outbox where sequence < ?");
  if (!remove) return remove.error();
  if (auto removed = remove->bind(1, end).run(); !removed) return removed;
  auto note = database_->prepare("update _aludel_identity set relayed = ?");
  if (!note) return note.error();
  return note->bind(1, end).run();
}

Result<std::uint64_t> Outbox::begin_anew(const Uuid& producer) {
  const auto changes = database_->total_changes();
  if (auto emptied = database_->execute("delete from _aludel_outbox"); !emptied) return emptied.error();
  const auto dropped = static_cast<std::uint64_t>(database_->total_changes() - changes);
  auto note = database_->prepare("update _aludel_identity set producer_id = ?, relayed = 0");
  if (!note) return note.error();
  const auto text = producer.to_string();
  if (auto noted = note->bind(1, std::string_view(text)).run(); !noted) return noted.error();
  return dropped;
}

}  // namespace aludel
