// SPDX-License-Identifier: MIT
// An aludel.toml. One that is taken is taken again as `config show` prints it, and says the same.
#include "runtime/config.hpp"

#include "base/assert.hpp"
#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const std::filesystem::path file = "/data/aludel.toml";
  const auto config = parse_config(as_text(data, size), file);
  if (!config) return 0;
  const auto shown = to_toml(*config);
  const auto again = parse_config(shown, file);
  ALUDEL_ASSERT(again);
  ALUDEL_ASSERT(to_toml(*again) == shown);
  return 0;
}
