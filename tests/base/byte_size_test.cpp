// SPDX-License-Identifier: MIT
#include "base/byte_size.hpp"

#include <doctest/doctest.h>

#include "support/result_printing.hpp"

namespace aludel {

TEST_CASE(
    "sizes are read with their unit, of 1,024s or of 1,000s, and written so that they read back the same") {
  struct Row {
    const char* text;
    std::uint64_t bytes;
    const char* written;
  };
  const Row rows[] = {{"0B", 0, "0B"},
                      {"1B", 1, "1B"},
                      {"1023B", 1'023, "1023B"},
                      {"2KiB", 2'048, "2KiB"},
                      {"1KB", 1'000, "1KB"},
                      {"64MiB", 67'108'864, "64MiB"},
                      {"8MB", 8'000'000, "8MB"},
                      {"1024MiB", 1'073'741'824, "1GiB"},
                      {"10GB", 10'000'000'000, "10GB"},
                      {"1000GB", 1'000'000'000'000, "1TB"},
                      {"3TiB", 3'298'534'883'328, "3TiB"}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_byte_size(row.text).value() == row.bytes);
    CHECK(format_byte_size(row.bytes) == row.written);
    CHECK(parse_byte_size(row.written).value() == row.bytes);
  }
}

TEST_CASE("what is no size is refused, and told how to write one") {
  for (const auto* text : {"", "10", "MiB", "-1MiB", "1.5GiB", "1 GiB", "1gib", "1GIB", "1PiB", "2000TiB",
                           "99999999999999999999B"}) {
    CAPTURE(text);
    const auto size = parse_byte_size(text);
    REQUIRE_FALSE(size);
    CHECK(size.error().code == ErrorCode::invalid);
    CHECK(size.error().message.find("such as \"64MiB\"") != std::string::npos);
  }
}

}  // namespace aludel
