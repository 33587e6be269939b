// SPDX-License-Identifier: MIT
#include "log/producers.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "log/segment.hpp"

namespace aludel {

namespace {

constexpr std::size_t remembered_every = 16;  // blocks of a producer

}  // namespace

ProducerTurns::Turn ProducerTurns::take(std::string_view producer) {
  std::unique_lock lock(mutex_);
  auto entry = entries_.find(producer);
  if (entry == entries_.end()) entry = entries_.try_emplace(std::string(producer)).first;
  ++entry->second.users;
  lock.unlock();
  return {*this, entry};
}

ProducerTurns::Turn::~Turn() {
  lock_.unlock();
  const std::lock_guard lock(turns_.mutex_);
  if (--entry_->second.users == 0) turns_.entries_.erase(entry_);
}

Result<void> ProducerHistory::compare(std::string_view producer, const ProducerEnd& end,
                                      std::span<const NewEvent> events, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  auto found = known_.find(producer);
  if (found == known_.end()) found = known_.try_emplace(std::string(producer)).first;
  auto& known = found->second;
  // From the nearest remembered block behind the events backwards.
  const auto behind = known.lower_bound(sequence + events.size());
  auto position = behind != known.end() ? behind->second : Position{end.last_id, end.last_offset};
  std::size_t since_remembered = 0;
  for (;;) {
    const auto block = read(producer, position, end.last_id + 1);
    // What was dropped is known by its sequence alone; so is what lies before.
    if (!block && block.error().code == ErrorCode::not_found) return {};
    if (!block) return block.error();
    if (auto ok = compare_with(*block, producer, position, events, sequence); !ok) return ok;
    const auto first = block->producer_sequence();
    if (first <= sequence) return {};
    since_remembered = known.contains(first) ? 0 : since_remembered + 1;
    if (since_remembered == remembered_every) {
      known.emplace(first, position);
      since_remembered = 0;
    }
    position = {block->header().producer_previous_id, block->header().producer_previous_offset};
  }
}

Result<std::string> ProducerHistory::last_source(std::string_view producer, const ProducerEnd& end) {
  const std::lock_guard lock(mutex_);
  const Position position{end.last_id, end.last_offset};
  const auto block = read(producer, position, end.last_id + 1);
  if (!block && block.error().code == ErrorCode::not_found) return std::string();
  if (!block) return block.error();
  const auto segment = with_whole_body(position);
  if (!segment) return segment.error();
  Event event;
  block->events(block->end_id() - 1).next(event);
  std::string source(event.source);
  if (auto read = (*segment)->check_read(); !read) return read.error();
  return source;
}

// The segment of a block whose header and directory were checked.
Result<SharedSegment> ProducerHistory::with_whole_body(const Position& position) {
  auto segment = store_.holding(position.id, position.id + 1);
  if (!segment) return segment;
  if (const auto fault = body_fault((*segment)->at(position.offset))) {
    return (*segment)->damaged(position.offset, *fault);
  }
  return segment;
}

Result<void> ProducerHistory::compare_with(const Block& block, std::string_view producer,
                                           const Position& position, std::span<const NewEvent> events,
                                           std::uint64_t sequence) {
  const auto begin = std::max(sequence, block.producer_sequence());
  const auto end = std::min(sequence + events.size(), block.producer_sequence() + block.count());
  if (begin >= end) return {};
  const auto segment = with_whole_body(position);
  if (!segment) return segment.error();
  auto at = begin;
  while (at < end && events[at - sequence].sent_crc ==
                         block.sent_crc(static_cast<std::uint32_t>(at - block.producer_sequence())))
    ++at;
  if (auto read = (*segment)->check_read(); !read || at == end) return read;
  return Error(
      ErrorCode::conflict,
      fmt::format("append under producer \"{}\": event {} differs from the one that the log has under "
                  "this sequence: send other events under another producer",
                  producer, at));
}

Result<Block> ProducerHistory::read(std::string_view producer, const Position& position,
                                    std::uint64_t durable) {
  const auto segment = store_.holding(position.id, durable);
  if (!segment) return segment.error();
  const auto header = (*segment)->block_at({position.id, position.offset});
  if (!header) return header.error();
  const auto* at = (*segment)->at(position.offset);
  auto fault = header->has_value() ? directory_fault(at) : Fault("no block stands there");
  if (!fault && Block(at).producer() != producer) fault = "the block is of another producer";
  if (!fault && (*header)->producer_sequence > 0 && (*header)->producer_previous_id >= position.id) {
    fault = "the block does not lead to the producer's block before it";
  }
  if (fault) return (*segment)->damaged(position.offset, *fault);
  return Block(at, **header);
}

}  // namespace aludel
