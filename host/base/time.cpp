// SPDX-License-Identifier: MIT
#include "base/time.hpp"

#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace aludel {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

struct Reader {
  std::string_view rest;

  // Exactly `count` digits.
  std::optional<int> digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (rest.empty() || rest.front() < '0' || rest.front() > '9') return std::nullopt;
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  bool take(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::optional<int> below(int limit) {
    const auto value = digits(2);
    return value && *value < limit ? value : std::nullopt;
  }
};

std::optional<std::int64_t> read_date(Reader& in) {
  const auto year = in.digits(4);
  if (!year || !in.take("-")) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.take("-")) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
}

std::optional<std::int64_t> read_time_of_day(Reader& in) {
  const auto hour = in.below(24);
  if (!hour || !in.take(":")) return std::nullopt;
  const auto minute = in.below(60);
  if (!minute || !in.take(":")) return std::nullopt;
  const auto second = in.below(61);
  if (!second) return std::nullopt;
  return std::int64_t{*hour} * 3'600 + *minute * 60 + *second;
}

std::optional<std::int64_t> read_fraction_ns(Reader& in) {
  if (!in.take(".")) return 0;
  std::int64_t ns = 0;
  int count = 0;
  for (auto digit = in.digits(1); digit; digit = in.digits(1)) {
    if (++count <= 9) ns = ns * 10 + *digit;
  }
  if (count == 0) return std::nullopt;
  for (; count < 9; ++count)
    ns *= 10;
  return ns;
}

std::optional<std::int64_t> read_offset(Reader& in) {
  if (in.take("Zz")) return 0;
  const bool west = !in.rest.empty() && in.rest.front() == '-';
  if (!in.take("+-")) return std::nullopt;
  const auto hour = in.below(24);
  if (!hour || !in.take(":")) return std::nullopt;
  const auto minute = in.below(60);
  if (!minute) return std::nullopt;
  const auto seconds = std::int64_t{*hour} * 3'600 + *minute * 60;
  return west ? -seconds : seconds;
}

std::optional<std::int64_t> read(std::string_view text) {
  Reader in{text};
  const auto date = read_date(in);
  if (!date || !in.take("Tt ")) return std::nullopt;
  const auto time = read_time_of_day(in);
  if (!time) return std::nullopt;
  const auto fraction = read_fraction_ns(in);
  if (!fraction) return std::nullopt;
  const auto offset = read_offset(in);
  if (!offset || !in.rest.empty()) return std::nullopt;
  auto seconds = *date + *time - *offset;
  auto part = *fraction;
  if (seconds < 0 && part > 0) {  // towards zero, so that the product fits wherever the sum does
    seconds += 1;
    part -= ns_per_second;
  }
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(seconds, ns_per_second, &ns) || __builtin_add_overflow(ns, part, &ns)) {
    return std::nullopt;
  }
  return ns;
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text) {
  if (const auto ns = read(text)) return *ns;
  return Error{ErrorCode::invalid, "read the time \"" + std::string(text) +
                                       "\": give an RFC 3339 timestamp such as 2024-02-29T12:00:00Z, "
                                       "between 1677-09-22 and 2262-04-11"};
}

std::string format_time(std::int64_t time_ns) {
  // In seconds, since the first day of the range begins before the range does.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(time_ns));
  const auto fraction = (time_ns % ns_per_second + ns_per_second) % ns_per_second;
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const std::chrono::hh_mm_ss clock(seconds - day);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

}  // namespace aludel
