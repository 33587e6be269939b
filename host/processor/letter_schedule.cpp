// SPDX-License-Identifier: MIT
#include "processor/letter_schedule.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr const char* schema = R"(
create index _aludel_letter_due on _aludel_letter (next_replay_ns, retries, code, state) where state = 'dead';
create table _aludel_replay (
  id integer primary key check (id = 1),
  policy text not null
) strict;
insert into _aludel_replay values (1, 'off');
)";

// The longest duration of a config, so that sums do not overflow.
constexpr std::chrono::milliseconds delay_max = std::chrono::hours(1'000'000);

std::int64_t nanoseconds(std::chrono::milliseconds delay) {
  return std::chrono::nanoseconds(std::min(delay, delay_max)).count();
}

// All that states and times follow from.
std::string in_words(const ReplayPolicy& policy) {
  if (policy.strategy == ReplayStrategy::off) return "off";
  return fmt::format("{} {} {} {} {} {}", to_string(policy.strategy), policy.max_retries,
                     policy.initial_delay.count(), policy.max_delay.count(), policy.multiplier,
                     policy.min_age.count());
}

const char* order_of(ReplayOrder order) {
  switch (order) {
    case ReplayOrder::oldest: return "id";
    case ReplayOrder::newest: return "id desc";
    case ReplayOrder::fewest_retries: return "retries, id";
    case ReplayOrder::by_code: return "code, id";
  }
  return "id";
}

}  // namespace

Result<void> LetterSchedule::make(Database& database) {
  return database.execute(schema);
}

Result<bool> LetterSchedule::differs() {
  auto select = database_->prepare("select 1 from _aludel_replay where policy <> ?");
  if (!select) return select.error();
  const auto words = in_words(policy_);
  return select->bind(1, std::string_view(words)).step();
}

Result<void> LetterSchedule::adopt() {
  changed();
  std::vector<std::uint64_t> tried;
  {
    auto select = database_->prepare(
        "select distinct retries from _aludel_letter where state in ('dead', 'replaying', 'permanent')");
    if (!select) return select.error();
    for (;;) {
      const auto found = select->step();
      if (!found) return found.error();
      if (!*found) break;
      tried.push_back(static_cast<std::uint64_t>(select->integer(0)));
    }
  }
  for (const auto retries : tried) {
    if (auto adopted = adopt(retries); !adopted) return adopted;
  }
  auto update = database_->prepare("update _aludel_replay set policy = ?");
  if (!update) return update.error();
  const auto words = in_words(policy_);
  return update->bind(1, std::string_view(words)).run();
}

// One that an operator's replay has chosen gets its state when that is done with it.
Result<void> LetterSchedule::adopt(std::uint64_t retries) {
  auto update = database_->prepare(
      "update _aludel_letter set state = iif(state = 'replaying', state, ?2), "
      "next_replay_ns = last_failed_ns + ?3 "
      "where state in ('dead', 'replaying', 'permanent') and retries = ?1");
  if (!update) return update.error();
  update->bind(1, static_cast<std::int64_t>(retries))
      .bind(2, std::string_view(is_exhausted(retries) ? "permanent" : "dead"));
  const auto delay = replay_delay(policy_, retries);
  delay ? update->bind(3, nanoseconds(*delay)) : update->bind_null(3);
  return update->run();
}

Result<void> LetterSchedule::shorten_waits(std::int64_t now_ns) {
  changed();
  auto update = database_->prepare(
      "update _aludel_letter set next_replay_ns = ?1 where state = 'dead' and next_replay_ns > ?1");
  if (!update) return update.error();
  return update->bind(1, now_ns + longest_wait_ns()).run();
}

std::int64_t LetterSchedule::longest_wait_ns() const {
  return nanoseconds(replay_delay_max(policy_).value_or(delay_max));
}

std::optional<std::int64_t> LetterSchedule::next_replay_ns(std::uint64_t retries,
                                                           std::int64_t failed_ns) const {
  const auto delay = replay_delay(policy_, retries);
  if (!delay) return std::nullopt;
  return failed_ns + nanoseconds(*delay);
}

std::uint64_t LetterSchedule::retries_max() const {
  const bool off = policy_.strategy == ReplayStrategy::off;
  return off ? std::uint64_t{std::numeric_limits<std::int64_t>::max()} : policy_.max_retries;
}

// What is due is a part of the letters: SQLite would rather walk all of them in their order.
Result<std::vector<std::int64_t>> LetterSchedule::due(std::int64_t now_ns) {
  auto select =
      database_->prepare(fmt::format("select id from _aludel_letter indexed by _aludel_letter_due "
                                     "where state = 'dead' and next_replay_ns <= ? order by {} limit ?",
                                     order_of(policy_.order)));
  if (!select) return select.error();
  select->bind(1, now_ns).bind(2, static_cast<std::int64_t>(limits::replays_queued_max));
  std::vector<std::int64_t> ids;
  for (;;) {
    const auto found = select->step();
    if (!found) return found.error();
    if (!*found) return ids;
    ids.push_back(select->integer(0));
  }
}

Result<std::optional<std::chrono::nanoseconds>> LetterSchedule::rest(std::int64_t now_ns) {
  if (auto known = look_up_waits(); !known) return known.error();
  using Rest = std::optional<std::chrono::nanoseconds>;
  if (!waits_) return Rest();
  if (waits_->last_ns - now_ns > longest_wait_ns()) return Rest(0);
  return Rest(waits_->first_ns - now_ns);
}

// Two looks into the index; both in one aggregate would walk it.
Result<void> LetterSchedule::look_up_waits() {
  if (knows_waits_) return {};
  auto select = database_->prepare(
      "select (select min(next_replay_ns) from _aludel_letter where state = 'dead'), "
      "(select max(next_replay_ns) from _aludel_letter where state = 'dead')");
  if (!select) return select.error();
  if (const auto found = select->step(); !found) return found.error();
  waits_.reset();
  if (!select->is_null(0)) waits_ = Waits{select->integer(0), select->integer(1)};
  knows_waits_ = true;
  return {};
}

}  // namespace aludel
