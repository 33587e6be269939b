// SPDX-License-Identifier: MIT
// A log of one segment: what is behind its header comes from anywhere, with checksums and chain made right.
#include "log/segment.hpp"

#include <string>

#include "base/assert.hpp"
#include "input.hpp"
#include "log/recovery.hpp"
#include "log/segment_reader.hpp"
#include "log/verify.hpp"
#include "seal.hpp"
#include "support/memory_file_system.hpp"

namespace aludel {

namespace {

constexpr std::size_t capacity = 48 * 1024;

std::string segment_of(std::string_view blocks, const Uuid& log_id) {
  std::string bytes(format::bytes_of(make_segment_header(log_id, 0, 0, 0, capacity)));
  bytes += blocks.substr(0, capacity - bytes.size());
  return bytes;
}

void read(SegmentReader& reader) {
  (void)reader.type_counts();
  (void)reader.stats();
  const auto tip = reader.tip();
  for (const auto id : {std::uint64_t{0}, tip / 2, tip == 0 ? 0 : tip - 1}) {
    (void)reader.block_fingerprint(id);
    const auto cursor = reader.read_from(id);
    if (!cursor) continue;
    for (;;) {
      const auto block = (*cursor)->next();
      if (!block || *block == nullptr) break;
      Event event;
      for (auto events = (*block)->events((*block)->first_id()); events.next(event);)
        ALUDEL_ASSERT(event.id < tip);
    }
  }
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const std::filesystem::path dir = "folder";
  const Uuid log_id{{1}};
  auto bytes = segment_of(as_text(data, size), log_id);
  seal_segment(bytes, log_id);
  MemoryFileSystem files(dir, {{segment_name(0), bytes}});
  (void)verify_log(files, dir, {}, [](std::uint64_t, std::uint64_t) {});
  if (const auto reader = SegmentReader::open(files, dir)) read(**reader);
  if (!recover_log(files, dir, {}, [](const std::string&) {})) return 0;
  const auto reader = SegmentReader::open(files, dir);
  ALUDEL_ASSERT(reader);
  read(**reader);
  return 0;
}
