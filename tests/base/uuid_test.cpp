// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <doctest/doctest.h>

#include "support/result_printing.hpp"

namespace aludel {

TEST_CASE("a UUID reads what it writes, in either case") {
  const auto uuid = Uuid::random();
  const auto text = uuid.to_string();
  REQUIRE(text.size() == 36);
  CHECK(Uuid::parse(text).value() == uuid);
  CHECK(Uuid::parse("F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6").value().to_string() ==
        "f81d4fae-7dec-41d0-a765-00a0c91e6bf6");
}

TEST_CASE("a random UUID says that it is of version 4, and is not given twice") {
  const auto text = Uuid::random().to_string();
  CHECK(text[14] == '4');
  CHECK(std::string_view("89ab").find(text[19]) != std::string_view::npos);
  CHECK(text != Uuid::random().to_string());
}

TEST_CASE("what is no UUID is refused") {
  for (const char* text :
       {"", "f81d4fae", "f81d4fae-7dec-41d0-a765-00a0c91e6bf", "f81d4fae-7dec-41d0-a765-00a0c91e6bf66",
        "f81d4fae17dec-41d0-a765-00a0c91e6bf6", "g81d4fae-7dec-41d0-a765-00a0c91e6bf6"}) {
    CHECK_FALSE(Uuid::parse(text));
  }
}

}  // namespace aludel
