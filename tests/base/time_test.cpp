// SPDX-License-Identifier: MIT
#include "base/time.hpp"

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "support/result_printing.hpp"

namespace aludel {

TEST_CASE("a timestamp is read to the nanosecond") {
  struct Row {
    std::string_view text;
    std::int64_t ns;
  };
  const Row rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59.999999999Z", -1},
      {"2024-02-29T12:00:00Z", 1'709'208'000'000'000'000},
      {"2024-02-29t12:00:00z", 1'709'208'000'000'000'000},
      {"2024-02-29 12:00:00Z", 1'709'208'000'000'000'000},
      {"2024-02-29T13:30:00.5+01:30", 1'709'208'000'500'000'000},
      {"2024-02-29T11:00:00-01:00", 1'709'208'000'000'000'000},
      {"2024-02-29T12:00:00.1234567899Z", 1'709'208'000'123'456'789},
      {"2016-12-31T23:59:60Z", 1'483'228'800'000'000'000},
      {"2262-04-11T23:47:16.854775807Z", std::numeric_limits<std::int64_t>::max()},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto time = parse_time(row.text);
    REQUIRE(time);
    CHECK(*time == row.ns);
  }
}

TEST_CASE("what is no RFC 3339 timestamp is refused") {
  for (const std::string_view text : {"",
                                      "2024",
                                      "2024-02-29",
                                      "2024-02-29T12:00:00",
                                      "2024-02-29T12:00Z",
                                      "2023-02-29T12:00:00Z",
                                      "2024-13-01T00:00:00Z",
                                      "2024-00-01T00:00:00Z",
                                      "2024-01-00T00:00:00Z",
                                      "2024-01-32T00:00:00Z",
                                      "2024-01-01T24:00:00Z",
                                      "2024-01-01T00:60:00Z",
                                      "2024-01-01T00:00:61Z",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T00:00:00+1:00",
                                      "2024-01-01T00:00:00+24:00",
                                      "2024-01-01T00:00:00+01:60",
                                      "2024-01-01T00:00:00Zx",
                                      "24-01-01T00:00:00Z",
                                      "2024-1-01T00:00:00Z",
                                      "2263-01-01T00:00:00Z",
                                      "1600-01-01T00:00:00Z",
                                      "2262-04-11T23:47:16.854775808Z"}) {
    CAPTURE(text);
    const auto time = parse_time(text);
    REQUIRE_FALSE(time);
    CHECK(time.error().code == ErrorCode::invalid);
    CHECK(time.error().message.find("between 1677-09-22 and 2262-04-11") != std::string::npos);
  }
}

TEST_CASE("a time is written as briefly as it is exact") {
  CHECK(format_time(0) == "1970-01-01T00:00:00Z");
  CHECK(format_time(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(format_time(1'709'208'000'500'000'000) == "2024-02-29T12:00:00.5Z");
  for (const auto ns : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                        std::int64_t{123'456'789'012'345'678}}) {
    CHECK(parse_time(format_time(ns)).value() == ns);
  }
}

}  // namespace aludel
