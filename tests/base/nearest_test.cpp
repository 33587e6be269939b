// SPDX-License-Identifier: MIT
#include "base/nearest.hpp"

#include <array>

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("a slip of the hand is met with the word that was meant") {
  constexpr std::array<std::string_view, 4> known{"strategy", "types", "timeout", "start"};
  const std::pair<const char*, const char*> cases[] = {{"strateggy", "; did you mean \"strategy\"?"},
                                                       {"stratgey", "; did you mean \"strategy\"?"},
                                                       {"type", "; did you mean \"types\"?"},
                                                       {"timout", "; did you mean \"timeout\"?"},
                                                       {"colour", ""},
                                                       {"", ""}};
  for (const auto& [written, words] : cases)
    CHECK(suggestion(written, known) == words);
  CHECK(suggestion(std::string(10'000, 't'), known).empty());
}

}  // namespace aludel
