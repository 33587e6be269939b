// SPDX-License-Identifier: MIT
// Events as lines, that come in pieces: the first byte says how large.
#include "base/ndjson.hpp"

#include <algorithm>
#include <string>

#include "base/assert.hpp"
#include "input.hpp"

namespace aludel {

namespace {

constexpr std::size_t lines_max = 8;  // in a batch

std::size_t events_in(std::string_view text, std::size_t piece, NdjsonReader::Supply supply) {
  NdjsonReader reader(
      [&](char* to, std::size_t size) -> Result<std::size_t> {
        const auto taken = text.copy(to, std::min(size, piece));
        text.remove_prefix(taken);
        return taken;
      },
      supply, lines_max);
  std::size_t events = 0;
  for (;;) {
    const auto batch = reader.next(0);
    if (!batch || batch->empty()) return events;
    ALUDEL_ASSERT(batch->size() <= lines_max);
    ALUDEL_ASSERT(reader.first_line() > 0 && !reader.text().empty());
    events += batch->size();
  }
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  if (size == 0) return 0;
  const auto text = as_text(data + 1, size - 1);
  const std::size_t piece = data[0] + std::size_t{1};
  const auto supply = piece % 2 == 0 ? NdjsonReader::Supply::all_there : NdjsonReader::Supply::as_it_comes;
  // Up to a line that is wrong, of whose batch nothing is taken, it makes no difference in what pieces they
  // come.
  const auto in_pieces = events_in(text, piece, supply);
  const auto at_once = events_in(text, text.size() + 1, NdjsonReader::Supply::all_there);
  ALUDEL_ASSERT(in_pieces == at_once || supply == NdjsonReader::Supply::as_it_comes);
  return 0;
}
