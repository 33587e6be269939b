// SPDX-License-Identifier: MIT
#include "cli/usage.hpp"

#include <array>

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("a value that does not fit is told with what does") {
  constexpr std::array<std::string_view, 3> words{"info", "warning", "error"};
  CHECK(empty_fault("x", "a folder").empty());
  CHECK(empty_fault("", "a folder") == "it is empty: give a folder");
  CHECK(count_fault("0").empty());
  CHECK(count_fault("18446744073709551615").empty());
  for (const auto* text : {"", "-1", "+1", "1.5", "18446744073709551616", "x", "1 "})
    CHECK(count_fault(text) == "give a whole number from 0 on, not \"" + std::string(text) + "\"");
  CHECK(count_fault("7", 7).empty());
  CHECK(count_fault("8", 7) == "give a whole number from 0 on, not \"8\"");
  CHECK(word_fault("info", words).empty());
  CHECK(word_fault("warn", words) == "give info, warning or error, not \"warn\"");
  CHECK(word_fault("warnig", words) ==
        "give info, warning or error, not \"warnig\"; did you mean \"warning\"?");
}

TEST_CASE("a command line that does not fit is told with what was meant and where to read more") {
  const std::vector<std::string> commands{"list", "info"};
  const std::vector<std::string> options{"--data", "--plugin-dir"};
  CHECK(describe({"aludel plugin", commands, options, {}, "x"}) ==
        "give a command after aludel plugin: list or info; see aludel plugin --help");
  CHECK(describe({"aludel plugin", commands, options, {"lst"}, "x"}) ==
        "there is no command \"plugin lst\"; did you mean \"list\"? See aludel plugin --help");
  CHECK(describe({"aludel", {"run"}, options, {"walk", "x"}, "x"}) ==
        "there is no command \"walk\"; see aludel --help");
  CHECK(describe({"aludel run", {}, options, {"x", "--plugn-dir=p"}, "x"}) ==
        "there is no option \"--plugn-dir\"; did you mean \"--plugin-dir\"? See aludel run --help");
  CHECK(describe({"aludel run", {}, options, {"x"}, "x"}) ==
        "\"x\" is too much for aludel run; see aludel run --help");
  CHECK(describe({"aludel run", {}, options, {}, "--timeout: 1 required D missing"}) ==
        "--timeout: 1 required D missing; see aludel run --help");
}

}  // namespace aludel
