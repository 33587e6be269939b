// SPDX-License-Identifier: MIT
#include "log/format.hpp"

#include <cstddef>

#include "log/encoded_block.hpp"
#include "log_fixture.hpp"

namespace aludel {

TEST_CASE("fixed parts lie where docs/store-format.md says") {
  using namespace format;
  CHECK(offsetof(SegmentHeader, previous_crc) == 12);
  CHECK(offsetof(SegmentHeader, log_id) == 16);
  CHECK(offsetof(SegmentHeader, first_id) == 32);
  CHECK(offsetof(SegmentHeader, capacity) == 48);
  CHECK(offsetof(SegmentHeader, crc) == 4'092);
  CHECK(offsetof(CommonHeader, previous_crc) == 12);
  CHECK(offsetof(CommonHeader, first_id) == 32);
  CHECK(offsetof(CommonHeader, time_ns) == 40);
  CHECK(offsetof(BlockHeader, synced_to) == 48);
  CHECK(offsetof(BlockHeader, count) == 56);
  CHECK(offsetof(BlockHeader, body_crc) == 72);
  CHECK(offsetof(BlockHeader, producer_sequence) == 88);
  CHECK(offsetof(BlockHeader, producer_previous_offset) == 104);
  CHECK(offsetof(FooterHeader, end_id) == 48);
  CHECK(offsetof(FooterHeader, producer_count) == 72);
  CHECK(offsetof(EventRecord, data_size) == 8);
  CHECK(offsetof(EventRecord, attributes_size) == 20);
}

TEST_CASE("a block of known content has the bytes that every version 1 of the format gives it") {
  auto first = event_with("{\"amount\":1}", "deposit");
  first.key = "alice";
  first.time_ns = 1;
  auto second = event_with("", "withdrawal");
  second.attributes = std::string("id\0b\0", 5);
  const std::vector<OwnedEvent> events{first, second};
  const auto content = views(events);
  auto block = EncodedBlock::encode({content, "bank", 7});
  REQUIRE(block);
  BlockPlace place;
  place.log_id = Uuid::parse("f81d4fae-7dec-41d0-a765-00a0c91e6bf6").value();
  place.first_id = 42;
  place.previous_crc = 0x01020304;
  place.time_ns = 1'700'000'000'000'000'000;
  place.synced_to = 40;
  block->place(place);
  CHECK(block->size() == 368);
  CHECK(crc32c(block->bytes()) == 97'719'079);
}

}  // namespace aludel
