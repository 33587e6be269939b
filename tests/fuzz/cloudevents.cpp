// SPDX-License-Identifier: MIT
// An event, or an array of them, as JSON.
#include "base/cloudevents.hpp"

#include <string>

#include "base/assert.hpp"
#include "input.hpp"
#include "log/encoded_block.hpp"

namespace aludel {

namespace {

// What the log takes it gives back, and what it prints can be sent again.
void check_round_trip(std::span<const NewEvent> sent) {
  const auto block = EncodedBlock::encode({sent});
  if (!block) return;
  CloudEventWriter writer;
  Event event;
  std::size_t index = 0;
  for (auto events = block->view().events(0); events.next(event); ++index) {
    const auto& one = sent[index];
    ALUDEL_ASSERT(event.type == one.type && event.source == one.source && event.key == one.key);
    ALUDEL_ASSERT(event.data == one.data && event.attributes.packed() == one.attributes.packed());
    std::string line;
    writer.append(line, event);
    ALUDEL_ASSERT(line.find('\n') == std::string::npos);
    const auto printed = line.size();
    line.append(EventBatch::padding, ' ');
    EventBatch again;
    ALUDEL_ASSERT(again.add({line.data(), printed}, 0));
    const auto& back = again.events().front();
    ALUDEL_ASSERT(back.type == one.type && back.source == one.source && back.key == one.key);
    ALUDEL_ASSERT(back.time_ns == one.time_ns && back.content_type == one.content_type);
  }
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  std::string text(as_text(data, size));
  text.append(EventBatch::padding, '\0');
  const std::string_view json(text.data(), size);
  EventBatch batch;
  if (batch.add(json, 0)) check_round_trip(batch.events());
  batch.clear();
  if (batch.add_array(json, 0)) check_round_trip(batch.events());
  return 0;
}
