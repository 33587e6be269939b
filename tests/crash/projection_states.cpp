// SPDX-License-Identifier: MIT
// Checks what power losses may leave of a processor's databases: `./dev crash`.
#define DOCTEST_CONFIG_IMPLEMENT
#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

#include <doctest/doctest.h>

#include "crash_arguments.hpp"
#include "projection_session.hpp"
#include "state_walk.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t of_a_workload = 1'000;  // states at most, so that there are several

CrashArguments arguments;  // doctest's cases take none

std::size_t hash_of(const CrashState& state) {
  auto hash = state.calls;
  for (const auto& [name, bytes] : state.left)
    hash = (hash * 31 + std::hash<std::string>()(name)) * 31 + std::hash<std::string>()(bytes);
  return hash;
}

void check_workload(const StateNumber& workload, std::uint64_t states, Tally& tally) {
  ProjectionSession session(workload.seed());
  session.record();
  const auto seed = workload.seed();
  const auto total = walk_states(
      {}, session.calls(), seed, [](std::uint64_t) { return false; }, [](const CrashState&) {});
  const auto one_in = std::max<std::uint64_t>(1, total / states);
  std::unordered_set<std::size_t> seen;
  walk_states(
      {}, session.calls(), seed,
      [&](std::uint64_t number) {
        return arguments.only ? workload.within(number) == *arguments.only : (number + seed) % one_in == 0;
      },
      [&](const CrashState& state) {
        if (!seen.insert(hash_of(state)).second) return;
        const auto name = workload.within(state.number).to_string();
        CAPTURE(name);
        CAPTURE(state.calls);
        session.check(state.left, state.calls, state.number);
        tally.count(1, state.kind);
      });
}

}  // namespace

TEST_CASE("a processor goes on after a power loss as if there had been none") {
  Tally tally;
  if (arguments.only) {
    check_workload(StateNumber(arguments.only->seed()), 1, tally);
  } else {
    const auto share = std::clamp<std::uint64_t>(arguments.states / 8, 1, of_a_workload);
    for (auto seed = arguments.seed; tally.total() < arguments.states; ++seed)
      check_workload(StateNumber(seed), share, tally);
  }
  std::printf("%s%llu states of processors, all good\n", tally.table().c_str(),
              static_cast<unsigned long long>(tally.total()));
}

}  // namespace aludel

int main(int argc, char** argv) {
  const auto parsed = aludel::CrashArguments::parse(argc, argv);
  if (!parsed) return 2;
  aludel::arguments = *parsed;
  doctest::Context context;
  context.setOption("no-intro", true);
  return context.run();
}
