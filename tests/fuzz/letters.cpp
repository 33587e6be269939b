// SPDX-License-Identifier: MIT
// A filter of dead letters, and a letter: numbers first, then texts that end with NUL. Its SQL finds the
// letter if and only if the filter means it.
#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "input.hpp"
#include "processor/letter_filter.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

struct Numbers {
  std::uint8_t has_key, has_since, has_until, names_id, closed, is_dead;
  std::int64_t id, since_ns, until_ns, failed_ns;
};

Database& database() {
  static const TempDir dir;
  static const auto opened = [] {
    auto made = Database::open(dir.path() / "letters.db", Database::Mode::create);
    ALUDEL_ASSERT(made);
    ALUDEL_ASSERT(
        (*made)->execute("create temp table letter (id integer primary key, state text, type text, "
                         "key text, code text, last_failed_ns integer)"));
    return std::move(*made);
  }();
  return *opened;
}

bool means(const LetterFilter& filter, const Numbers& letter, std::string_view type, std::string_view key,
           std::string_view code) {
  const std::string_view wanted = filter.type;
  const bool of_type = wanted.ends_with('*') ? type.starts_with(wanted.substr(0, wanted.size() - 1))
                                             : wanted.empty() || type == wanted;
  return of_type && (filter.closed || letter.is_dead != 0) && (filter.ids.empty() || filter.ids[0] == 1) &&
         (!filter.key || *filter.key == key) && (filter.code.empty() || filter.code == code) &&
         (!filter.since_ns || letter.failed_ns >= *filter.since_ns) &&
         (!filter.until_ns || letter.failed_ns < *filter.until_ns);
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  Numbers numbers{};
  if (size < sizeof numbers) return 0;
  std::memcpy(&numbers, data, sizeof numbers);
  auto rest = as_text(data + sizeof numbers, size - sizeof numbers);
  if (!is_utf8(rest)) return 0;  // the log takes no other
  std::array<std::string_view, 6> texts;
  for (auto& text : texts) {
    const auto parts = split_at_nul(rest);
    text = parts.front;
    rest = parts.back;
  }
  const auto [type, key, code, wanted_type, wanted_key, wanted_code] = texts;

  LetterFilter filter;
  filter.type = wanted_type;
  filter.code = wanted_code;
  filter.closed = numbers.closed != 0;
  if (numbers.names_id != 0) filter.ids = {numbers.id, numbers.id};
  if (numbers.has_key != 0) filter.key = wanted_key;
  if (numbers.has_since != 0) filter.since_ns = numbers.since_ns;
  if (numbers.has_until != 0) filter.until_ns = numbers.until_ns;

  auto insert = database().prepare("insert or replace into letter values (1, ?, ?, ?, ?, ?)").value();
  insert.bind(1, std::string_view(numbers.is_dead != 0 ? "dead" : "replayed"))
      .bind(2, type)
      .bind(3, key)
      .bind(4, code)
      .bind(5, numbers.failed_ns);
  ALUDEL_ASSERT(insert.run());
  const LetterCondition condition(filter);
  auto select = database().prepare("select count(*) from letter where " + condition.sql()).value();
  condition.bind(select);
  const auto found = select.step();
  ALUDEL_ASSERT(found && *found);
  ALUDEL_ASSERT(select.integer(0) == (means(filter, numbers, type, key, code) ? 1 : 0));
  return 0;
}
