// SPDX-License-Identifier: MIT
#include "base/base64.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace std::string_view_literals;

namespace aludel {

namespace {

std::string encoded(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  const auto size = decode_base64(text, out.data());
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

}  // namespace

TEST_CASE("base64 has the forms of RFC 4648, section 10") {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {"\xff\x00\xfe"sv, "/wD+"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encoded(bytes) == text);
    CHECK(decoded(text) == bytes);
  }
}

TEST_CASE("base64 that is malformed is not decoded") {
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Zm9v\n", "Zm 9", "Zm9-", "====", "Z===", "=AAA",
                           "Zg==Zg==", "Zh==", "Zm9=", "Zg=A"}) {
    CHECK_MESSAGE(!decoded(text), text);
  }
}

}  // namespace aludel
