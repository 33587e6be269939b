// SPDX-License-Identifier: MIT
#include "base/event.hpp"

#include <string_view>

#include <doctest/doctest.h>

using namespace std::string_view_literals;

namespace aludel {

TEST_CASE("an attribute list finds attributes by index and by name") {
  const AttributeList attributes("id\00017\0traceparent\000ab-cd\0"sv);
  REQUIRE(attributes.at(1));
  CHECK(attributes.at(1)->name == "traceparent");
  CHECK(attributes.at(1)->value == "ab-cd");
  CHECK(attributes.find("id") == "17"sv);
}

TEST_CASE("an attribute list answers nothing for what it does not hold") {
  const AttributeList attributes("id\00017\0"sv);
  CHECK_FALSE(attributes.at(1));
  CHECK_FALSE(attributes.find("17"));
  CHECK_FALSE(AttributeList{}.at(0));
}

}  // namespace aludel
