// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// A random (version 4) UUID, RFC 9562.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static Uuid random();
  /// Reads the 36-character form, either case.
  [[nodiscard]] static Result<Uuid> parse(std::string_view text);
  /// The 36-character form in lower case.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Uuid&, const Uuid&) = default;
};

}  // namespace aludel
