// SPDX-License-Identifier: MIT
// A JSON pointer, a NUL, and a JSON text: what `json` of the plugin ABI is given.
#include "base/json.hpp"

#include <memory>
#include <string>

#include "base/assert.hpp"
#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const auto [pointer, text] = split_at_nul(as_text(data, size));
  const auto bytes = std::make_unique<char[]>(text.size() + 64);
  text.copy(bytes.get(), text.size());
  JsonDocument document;
  for (const std::size_t behind : {0U, 64U}) {
    if (!document.parse({bytes.get(), text.size()}, behind)) return 0;
    ALUDEL_ASSERT(document.at(""));
    const auto value = document.at(pointer);
    if (!value) continue;
    ALUDEL_ASSERT(value->text.data() == nullptr || *(value->text.data() + value->text.size()) == '\0');
  }
  return 0;
}
