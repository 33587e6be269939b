// SPDX-License-Identifier: MIT
// A block: its header as it comes, its checksums made right.
#include "log/block.hpp"

#include <memory>
#include <string>

#include "base/assert.hpp"
#include "input.hpp"
#include "log/block_check.hpp"
#include "log/catalog.hpp"
#include "seal.hpp"

namespace aludel {

namespace {

std::uint64_t sum(std::string_view bytes) {
  std::uint64_t result = 0;
  for (const char byte : bytes)
    result += static_cast<unsigned char>(byte);
  return result;
}

// Touches all that a reader or a handler may.
std::uint64_t read(const Block& block) {
  std::uint64_t result = sum(block.producer());
  for (const auto& [name, count] : block.types())
    result += sum({name.data(), name.size() + 1}) + count;
  Event event;
  std::uint64_t events = 0;
  for (auto walk = block.events(block.first_id()); walk.next(event); ++events) {
    ALUDEL_ASSERT(event.id == block.first_id() + events && walk.type_index() < block.types().size());
    for (const auto text : {event.type, event.source, event.key, event.content_type}) {
      ALUDEL_ASSERT(*(text.data() + text.size()) == '\0');
      result += sum(text);
    }
    result += sum({event.data.data(), event.data.size() + 64});
    for (std::uint64_t i = 0; const auto attribute = event.attributes.at(i); ++i)
      result += sum(attribute->name) + sum(attribute->value);
    if (!block.producer().empty()) result += block.sent_crc(static_cast<std::uint32_t>(events));
  }
  ALUDEL_ASSERT(events == block.count());
  return result;
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  std::string bytes(as_text(data, size));
  const Uuid log_id{};
  const auto block_size = seal_block(bytes, 0, log_id, 7, 0);
  if (block_size == 0) return 0;
  const auto header = format::load<format::BlockHeader>(bytes.data());
  // To its size, so that a sanitizer sees a step beyond it.
  const auto block = std::make_unique<char[]>(block_size);
  std::copy_n(bytes.data(), block_size, block.get());
  if (header_fault(header, {log_id, 7, 0}, block_size)) return 0;
  if (directory_fault(block.get())) return 0;
  Catalog catalog;
  catalog.add(Block(block.get()), 0);
  if (!body_fault(block.get())) read(Block(block.get()));
  return 0;
}
