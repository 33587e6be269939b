// SPDX-License-Identifier: MIT
#include "log/block.hpp"

#include <cstddef>

namespace aludel {

using format::EventRecord;
using format::load;

namespace {

std::size_t size_of(const EventRecord& record) {
  return sizeof record + record.key_size + 1 + record.attributes_size + record.data_size;
}

}  // namespace

Block::Types Block::types() const {
  const auto* begin = directory() + (header_.producer_size == 0 ? 0 : header_.producer_size + 1);
  return {begin, begin + std::size_t{header_.type_count} * sizeof(format::TypeEntry)};
}

Block::Events Block::events(std::uint64_t from_id) const {
  const auto* sent_crcs = body();
  const auto* origins =
      sent_crcs + (header_.producer_size == 0 ? 0 : std::size_t{count()} * sizeof(std::uint32_t));
  // The names of the origins lie behind the table; how far they reach stands in front of the events.
  const auto* after_table = origins + std::size_t{header_.origin_count} * sizeof(format::OriginEntry);
  const auto names_size = load<std::uint32_t>(after_table);
  Events events(directory() + (header_.producer_size == 0 ? 0 : header_.producer_size + 1), origins,
                after_table + sizeof names_size + names_size, first_id(), end_id());
  events.skip_to(from_id);
  return events;
}

void Block::Events::skip_to(std::uint64_t id) {
  for (; next_id_ < id && next_id_ < end_id_; ++next_id_)
    record_ += size_of(load<EventRecord>(record_));
}

bool Block::Events::next(Event& event) {
  if (next_id_ == end_id_) return false;
  const auto record = load<EventRecord>(record_);
  type_index_ = record.type;
  const auto* key = record_ + sizeof record;
  const auto* attributes = key + record.key_size + 1;
  const auto* data = attributes + record.attributes_size;
  const auto* type_at = types_ + std::size_t{record.type} * sizeof(format::TypeEntry);
  const auto type = load<format::TypeEntry>(type_at);
  const auto* origin_at = origins_ + std::size_t{record.origin} * sizeof(format::OriginEntry);
  const auto origin = load<format::OriginEntry>(origin_at);
  event.id = next_id_++;
  event.time_ns = record.time_ns;
  event.type = {type_at + type.name_offset, type.name_size};
  event.source = {origin_at + origin.source_offset, origin.source_size};
  event.content_type = {origin_at + origin.content_type_offset, origin.content_type_size};
  event.key = {key, record.key_size};
  event.attributes = AttributeList({attributes, record.attributes_size});
  event.data = {data, record.data_size};
  record_ = data + record.data_size;
  return true;
}

}  // namespace aludel
