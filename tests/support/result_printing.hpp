// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include "base/result.hpp"

namespace doctest {

/// Lets REQUIRE(result) and CHECK(result) say the error; a value need not be printable.
template <typename T>
struct StringMaker<boost::system::result<T, aludel::Error>> {
  static String convert(const boost::system::result<T, aludel::Error>& result) {
    return result ? String("a value") : String(result.error().message.c_str());
  }
};

}  // namespace doctest
