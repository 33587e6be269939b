// SPDX-License-Identifier: MIT
#include "log_states.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace aludel {

namespace {

constexpr std::uint64_t of_a_workload = 25'000;  // states at most, so that there are several
constexpr std::uint64_t one_recovery_in = 5;     // states
constexpr std::uint64_t of_a_recovery = 10;      // states, about

std::uint64_t count_states(const LogSession& session, std::uint32_t seed) {
  return walk_states(
      session.before, session.calls, seed, [](std::uint64_t) { return false; }, [](const CrashState&) {});
}

}  // namespace

std::optional<std::string> LogStates::check(std::uint32_t seed, std::uint64_t states) {
  const auto share = std::clamp<std::uint64_t>(states / 4, 1, of_a_workload);
  while (!fault_ && tally_.total() < states)
    check_workload(seed++, share);
  return fault_;
}

std::optional<std::string> LogStates::check_only(const StateNumber& only) {
  only_ = only;
  check_workload(only.seed(), 1);
  return fault_;
}

void LogStates::check_workload(std::uint32_t seed, std::uint64_t states) {
  const auto made = make_log_sessions(seed, temp_.path());
  if (!made) {
    fault_ = fmt::format("log workload {}: {}", seed, made.error().message);
    return;
  }
  const auto& sessions = *made;
  std::uint64_t total = 0;
  for (const auto& session : sessions)
    total += count_states(session, seed);
  // Half of them are those of recoveries.
  const auto one_in = std::max<std::uint64_t>(1, total / (states / 2 + 1));
  std::uint64_t before = 0;
  for (const auto& session : sessions) {
    check_session(session, StateNumber(seed), before, one_in);
    before += count_states(session, seed);
  }
}

void LogStates::check_session(const LogSession& session, const StateNumber& workload, std::uint64_t before,
                              std::uint64_t one_in) {
  const auto seed = workload.seed();
  walk_states(
      session.before, session.calls, seed,
      [&](std::uint64_t number) {
        return is_wanted(workload.within(before + number), before + number + seed, one_in);
      },
      [&](const CrashState& state) {
        const Stage stage{session, session.promised_after(state.calls), {}};
        if (is_new(state, stage)) check_state(state, workload.within(before + state.number), stage);
      });
}

void LogStates::check_state(const CrashState& state, const StateNumber& number, const Stage& stage) {
  if (!only_ || *only_ == number) {
    tally_.count(number.depth(), state.kind);
    if (auto wrong = check_.check(state.left, stage.session, stage.promise, stage.saved)) {
      fault_ =
          fmt::format("log state {} (power lost after call {}): {}", number.to_string(), state.calls, *wrong);
      return;
    }
  }
  const bool chosen =
      only_ ? number.depth() < only_->depth() : tally_.total(number.depth()) % one_recovery_in == 0;
  if (chosen && number.depth() < Tally::depth_max) check_recovery(state, number, stage);
}

void LogStates::check_recovery(const CrashState& from, const StateNumber& number, const Stage& stage) {
  const auto recovery = check_.record_recovery(from.left, stage.session, stage.promise);
  const auto is_write = [](const FileCall& call) { return call.kind == FileCall::Kind::write; };
  if (std::none_of(recovery.calls.begin(), recovery.calls.end(), is_write)) return;
  const auto seed = number.seed();
  const auto total = walk_states(
      from.left, recovery.calls, seed, [](std::uint64_t) { return false; }, [](const CrashState&) {});
  const auto one_in = std::max<std::uint64_t>(1, total / of_a_recovery);
  const Stage inner{stage.session, stage.promise, recovery.saved};
  walk_states(
      from.left, recovery.calls, seed,
      [&](std::uint64_t inside) { return is_wanted(number.within(inside), inside + tally_.total(), one_in); },
      [&](const CrashState& state) {
        if (is_new(state, inner)) check_state(state, number.within(state.number), inner);
      });
}

bool LogStates::is_wanted(const StateNumber& number, std::uint64_t chosen_by, std::uint64_t one_in) const {
  if (fault_) return false;
  return only_ ? number.leads_to(*only_) : chosen_by % one_in == 0;
}

// A state that was checked under the same promise need not be again.
bool LogStates::is_new(const CrashState& state, const Stage& stage) {
  if (only_) return true;
  auto hash = stage.promise.acknowledged * 31 + stage.promise.durable;
  for (const auto& [name, bytes] : state.left)
    hash = (hash * 31 + std::hash<std::string>()(name)) * 31 + std::hash<std::string>()(bytes);
  return seen_.insert(hash).second;
}

}  // namespace aludel
