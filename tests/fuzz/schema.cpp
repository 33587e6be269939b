// SPDX-License-Identifier: MIT
// A handler's config schema, a NUL, and a config.
#include "input.hpp"
#include "runtime/config_schema.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const auto [schema, config] = split_at_nul(as_text(data, size));
  (void)config_fault(schema, config);
  return 0;
}
