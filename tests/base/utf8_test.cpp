// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <doctest/doctest.h>

using namespace std::string_view_literals;

namespace aludel {

TEST_CASE("UTF-8 is told from what is not") {
  for (const auto good : {""sv, "a"sv, "\x7f"sv, "\u0080"sv, "\u07ff"sv, "\u0800"sv, "\ud7ff"sv, "\ue000"sv,
                          "\uffff"sv, "\U00010000"sv, "\U0010ffff"sv}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const auto bad : {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xc3\x28"sv, "\xe0\x9f\xbf"sv,
                         "\xed\xa0\x80"sv, "\xe2\x82"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                         "\xf5\x80\x80\x80"sv, "\xf0\x9f\x98"sv, "a\xff"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("repaired text is UTF-8 without NUL") {
  CHECK(repaired_utf8("plain \u00e9") == "plain \u00e9");
  CHECK(repaired_utf8("a\xff\xfez") == "a\ufffd\ufffdz");
  CHECK(repaired_utf8("a\0z"sv) == "a\ufffdz");
  CHECK(repaired_utf8("\xe2\x82") == "\ufffd\ufffd");
}

TEST_CASE("repaired text is cut between characters, within the limit") {
  CHECK(repaired_utf8("ab\u20ac", 5) == "ab\u20ac");
  CHECK(repaired_utf8("ab\u20ac", 4) == "ab");
  CHECK(repaired_utf8("ab\u20ac", 3) == "ab");
  CHECK(repaired_utf8("abc", 2) == "ab");
  CHECK(repaired_utf8("abc", 0) == "");
  CHECK(repaired_utf8("ab\xff", 4) == "ab");
}

TEST_CASE("what is shown on one line breaks no line and steers no terminal") {
  CHECK(on_one_line("a\nb\x1b[31m\x07\x7f\tc\xff", 100) == "a b [31m   c\uFFFD");
  CHECK(on_one_line("abc", 2) == "ab");
  CHECK(on_one_line("\xff") == "\uFFFD");
}

}  // namespace aludel
