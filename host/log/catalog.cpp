// SPDX-License-Identifier: MIT
#include "log/catalog.hpp"

namespace aludel {

namespace {

template <typename Map>
typename Map::mapped_type& entry_of(Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : map.emplace(name, typename Map::mapped_type{}).first->second;
}

}  // namespace

void Catalog::add(const Block& block, std::uint64_t offset) {
  for (const auto& [name, count] : block.types())
    entry_of(types, name) += count;
  if (block.producer().empty()) return;
  entry_of(producers, block.producer()) = {block.producer_sequence() + block.count(), block.first_id(),
                                           static_cast<std::uint32_t>(offset)};
}

}  // namespace aludel
