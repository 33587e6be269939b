// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What each target of tests/fuzz/ defines: hands bytes from anywhere to a part of the host. Whatever they
/// are, it neither crashes nor breaks an assertion, of the host's or of its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace aludel {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Up to the first NUL, and what is behind it.
struct TwoParts {
  std::string_view front;
  std::string_view back;
};
inline TwoParts split_at_nul(std::string_view input) {
  const auto nul = input.find('\0');
  if (nul == std::string_view::npos) return {input, {}};
  return {input.substr(0, nul), input.substr(nul + 1)};
}

}  // namespace aludel
