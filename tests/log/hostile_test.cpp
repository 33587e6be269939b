// SPDX-License-Identifier: MIT
// Stored bytes whose checksums are right, and which no sound writer has made.
#include <array>
#include <functional>
#include <string>

#include "fuzz/seal.hpp"
#include "log/block_check.hpp"
#include "log/encoded_block.hpp"
#include "log/footer.hpp"
#include "log_fixture.hpp"
#include "segment_files.hpp"
#include "support/memory_file_system.hpp"

namespace aludel {

namespace {

constexpr std::uint32_t huge = 0xffff'fff0;

template <typename T>
void change(std::string& bytes, std::size_t offset, T value) {
  format::store(bytes.data() + offset, value);
}

/// Two events of a producer, of one type and one origin.
std::string make_block(const Uuid& log_id) {
  const std::vector<OwnedEvent> events{event_with("one"), event_with("two")};
  auto block = EncodedBlock::encode({views(events), "p", 0});
  REQUIRE(block);
  BlockPlace place;
  place.log_id = log_id;
  block->place(place);
  return std::string(block->bytes());
}

Fault fault_of(std::string bytes) {
  const auto size = seal_block(bytes, 0, Uuid{}, 0, 0);
  const auto header = format::load<format::BlockHeader>(bytes.data());
  auto fault = header_fault(header, {Uuid{}, 0, 0}, size);
  if (!fault) fault = directory_fault(bytes.data());
  if (!fault) fault = body_fault(bytes.data());
  return fault;
}

/// A sealed segment of one block, whose footer has been changed.
FolderContent sealed_segment(const Uuid& log_id, const SparseIndex& index,
                             const std::function<void(format::FooterHeader&)>& change_header) {
  std::string bytes(format::bytes_of(make_segment_header(log_id, 0, 0, 0, 8'192)));
  bytes += make_block(log_id);
  const auto block = format::load<format::BlockHeader>(bytes.data() + sizeof(format::SegmentHeader));
  const auto end = bytes.size();
  Catalog catalog;
  catalog.types["test"] = 2;
  bytes += encode_footer({log_id, 0, 2, 0, block.common.crc}, end, index, catalog);
  auto header = format::load<format::FooterHeader>(bytes.data() + end);
  change_header(header);
  change(bytes, end, header);
  seal_footer(bytes, end, log_id);
  return {{segment_name(0), bytes}};
}

}  // namespace

TEST_CASE("a block whose parts do not lie where it says is malformed, though its checksums are right") {
  using namespace format;
  const auto good = make_block(Uuid{});
  REQUIRE_FALSE(fault_of(good));
  const auto header = load<BlockHeader>(good.data());
  const auto types = sizeof(BlockHeader) + 2;  // behind the producer
  const auto origins = sizeof(BlockHeader) + header.directory_size + 2 * sizeof(std::uint32_t);
  const auto names_size = origins + sizeof(OriginEntry);
  const auto record = names_size + sizeof(std::uint32_t) + load<std::uint32_t>(good.data() + names_size);
  const std::pair<const char*, std::function<void(std::string&)>> deeds[] = {
      {"more events", [&](auto& b) { change<std::uint32_t>(b, offsetof(BlockHeader, count), 3); }},
      {"many events", [&](auto& b) { change(b, offsetof(BlockHeader, count), huge); }},
      {"many origins", [&](auto& b) { change(b, offsetof(BlockHeader, origin_count), huge); }},
      {"no origin", [&](auto& b) { change(b, offsetof(BlockHeader, origin_count), 0); }},
      {"many types", [&](auto& b) { change(b, offsetof(BlockHeader, type_count), huge); }},
      {"a long producer", [&](auto& b) { change(b, offsetof(BlockHeader, producer_size), huge); }},
      {"no body", [&](auto& b) { change(b, offsetof(BlockHeader, body_size), 0); }},
      {"a type's name far off", [&](auto& b) { change(b, types + offsetof(TypeEntry, name_offset), huge); }},
      {"a type's name without a NUL", [&](auto& b) { change(b, types + offsetof(TypeEntry, name_size), 3); }},
      {"a source far off", [&](auto& b) { change(b, origins + offsetof(OriginEntry, source_offset), huge); }},
      {"a long source", [&](auto& b) { change(b, origins + offsetof(OriginEntry, source_size), huge); }},
      {"a content type without a NUL",
       [&](auto& b) { change(b, origins + offsetof(OriginEntry, content_type_size), 3); }},
      {"long names", [&](auto& b) { change(b, names_size, huge); }},
      {"short names", [&](auto& b) { change(b, names_size, 2); }},
      {"an unknown type",
       [&](auto& b) { change<std::uint16_t>(b, record + offsetof(EventRecord, type), 1); }},
      {"an unknown origin", [&](auto& b) { change(b, record + offsetof(EventRecord, origin), 1); }},
      {"long data", [&](auto& b) { change(b, record + offsetof(EventRecord, data_size), huge); }},
      {"data up to the end", [&](auto& b) { change(b, record + offsetof(EventRecord, data_size), 70); }},
      {"a key without a NUL",
       [&](auto& b) { change<std::uint16_t>(b, record + offsetof(EventRecord, key_size), 1); }},
  };
  for (const auto& deed : deeds) {
    CAPTURE(deed.first);
    auto bytes = good;
    deed.second(bytes);
    CHECK(fault_of(bytes));
  }
}

TEST_CASE("a footer that promises more than it has is none, though its checksums are right") {
  const std::function<void(format::FooterHeader&)> deeds[] = {
      [](auto& header) { header.index_count = huge; },
      [](auto& header) { header.type_count = huge; },
      [](auto& header) { header.producer_count = 1; },
      [](auto& header) { header.end_id = format::none; },
  };
  for (const auto& deed : deeds) {
    MemoryFileSystem files("log", sealed_segment(Uuid{}, {}, deed));
    const auto file = files.open("log" / std::filesystem::path(segment_name(0)), os::OpenMode::read);
    const auto footer = find_footer(**file, "log");
    REQUIRE(footer);
    CHECK_FALSE(footer->has_value());
  }
}

TEST_CASE("a trailer that leads out of its file leads to no footer") {
  auto content = sealed_segment(Uuid{}, {}, [](auto&) {});
  auto& bytes = content.begin()->second;
  for (const std::uint64_t offset : {~std::uint64_t{0} - 100, std::uint64_t{1} << 40, bytes.size()}) {
    auto trailer = format::load<format::Trailer>(bytes.data() + bytes.size() - sizeof(format::Trailer));
    trailer.footer_offset = offset;
    trailer.crc = format::crc_of(trailer);
    change(bytes, bytes.size() - sizeof trailer, trailer);
    MemoryFileSystem files("log", content);
    const auto file = files.open("log" / std::filesystem::path(segment_name(0)), os::OpenMode::read);
    const auto footer = find_footer(**file, "log");
    REQUIRE(footer);
    CHECK_FALSE(footer->has_value());
  }
}

TEST_CASE("an index that leads out of its segment is corrupt for a reader") {
  const auto log_id = Uuid::random();
  for (const std::uint64_t offset :
       {~std::uint64_t{0} - 100, std::uint64_t{1} << 40, std::uint64_t{60'000}}) {
    MemoryFileSystem files("log", sealed_segment(log_id, SparseIndex({{0, offset}}), [](auto&) {}));
    const auto reader = SegmentReader::open(files, "log");
    REQUIRE(reader);
    const auto cursor = (*reader)->read_from(0);
    REQUIRE_FALSE(cursor);
    CHECK(cursor.error().code == ErrorCode::corrupt);
    CHECK(cursor.error().message.find(segment_name(0)) != std::string::npos);
  }
}

TEST_CASE("a footer that ends the log in the middle of a block shows no event behind that end") {
  const auto log_id = Uuid::random();
  MemoryFileSystem files("log", sealed_segment(log_id, {}, [](auto& header) { header.end_id = 1; }));
  const auto reader = SegmentReader::open(files, "log");
  REQUIRE(reader);
  CHECK((*reader)->tip() == 1);
  const auto cursor = (*reader)->read_from(0);
  REQUIRE(cursor);
  const auto block = (*cursor)->next();
  REQUIRE_FALSE(block);
  CHECK(block.error().code == ErrorCode::corrupt);
  CHECK(block.error().message.find("behind the end of the log") != std::string::npos);
}

TEST_CASE("a segment that says that it is larger than any, or begins beyond all events, is corrupt") {
  for (const auto& [first_id, capacity] : {std::pair<std::uint64_t, std::uint64_t>{0, ~std::uint64_t{0} - 64},
                                           {0, 0},
                                           {std::uint64_t{1} << 60, 8'192}}) {
    const auto header = make_segment_header(Uuid{}, first_id, 0, 0, capacity);
    MemoryFileSystem files("log", {{"segment", std::string(format::bytes_of(header))}});
    const auto file = files.open("log/segment", os::OpenMode::read);
    const auto read = read_segment_header(**file, "log/segment");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::corrupt);
  }
}

}  // namespace aludel
