// SPDX-License-Identifier: MIT
#include "base/duration.hpp"

#include "support/result_printing.hpp"

namespace aludel {

TEST_CASE("durations are read with their unit and written in the largest that fits") {
  using std::chrono::milliseconds;
  const std::pair<const char*, milliseconds> cases[] = {
      {"0s", milliseconds(0)},       {"250ms", milliseconds(250)},    {"90s", milliseconds(90'000)},
      {"5m", milliseconds(300'000)}, {"2h", milliseconds(7'200'000)}, {"30d", milliseconds(2'592'000'000)}};
  for (const auto& [text, duration] : cases) {
    const auto read = parse_duration(text);
    REQUIRE(read);
    CHECK(*read == duration);
    CHECK(format_duration(duration) == text);
  }
  CHECK(format_duration(milliseconds(1'500)) == "1500ms");
}

TEST_CASE("a delay is told to people as exactly as matters to them") {
  using std::chrono::milliseconds;
  const std::pair<milliseconds, const char*> cases[] = {
      {milliseconds(0), "0s"},          {milliseconds(1'600), "1600ms"}, {milliseconds(9'999), "9999ms"},
      {milliseconds(97'300), "97s"},    {milliseconds(299'700), "5m"},   {milliseconds(3'599'100), "1h"},
      {milliseconds(5'400'000), "90m"}, {milliseconds(86'399'999), "1d"}};
  for (const auto& [delay, text] : cases)
    CHECK(format_delay(delay) == text);
}

TEST_CASE("what is no duration is refused with an example") {
  for (const auto* text : {"", "s", "10", "-1s", "1.5s", "1 s", "1w", "1S", "99999999999999999999s",
                           "9999999999999999h", "1sx"}) {
    const auto read = parse_duration(text);
    REQUIRE_FALSE_MESSAGE(read, text);
    CHECK(read.error().message.find("such as \"30s\"") != std::string::npos);
  }
}

}  // namespace aludel
