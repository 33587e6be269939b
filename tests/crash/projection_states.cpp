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
constexpr std::uint64_t one_recovery_in = 8;    // states
constexpr std::uint64_t of_a_recovery = 6;      // states, about

CrashArguments arguments;  // doctest's cases take none

std::size_t hash_of(const CrashState& state) {
  auto hash = state.calls;
  for (const auto& [name, bytes] : state.left)
    hash = (hash * 31 + std::hash<std::string>()(name)) * 31 + std::hash<std::string>()(bytes);
  return hash;
}

/// Checks about so many of the states that a power loss may leave of a life, and of the lives after it.
void check_life(ProjectionSession& session, const ProjectionSession::Life& life, const StateNumber& number,
                std::uint64_t states, Tally& tally) {
  const auto seed = number.seed();
  const auto& only = arguments.only;
  const auto total = walk_states(
      life.before, life.calls, seed, [](std::uint64_t) { return false; }, [](const CrashState&) {});
  const auto one_in = std::max<std::uint64_t>(1, total / states);
  std::unordered_set<std::size_t> seen;
  walk_states(
      life.before, life.calls, seed,
      [&](std::uint64_t inside) {
        return only ? number.within(inside).leads_to(*only) : (inside + tally.total()) % one_in == 0;
      },
      [&](const CrashState& state) {
        if (!seen.insert(hash_of(state)).second) return;
        const auto its = number.within(state.number);
        const auto name = its.to_string();
        CAPTURE(name);
        CAPTURE(state.calls);
        const auto next = session.check_loss(life, state.left, state.calls, state.number);
        tally.count(its.depth(), state.kind);
        const bool chosen =
            only ? its.depth() < only->depth() : tally.total(its.depth()) % one_recovery_in == 0;
        if (chosen && its.depth() < Tally::depth_max) check_life(session, next, its, of_a_recovery, tally);
      });
}

void check_workload(std::uint32_t seed, std::uint64_t states, Tally& tally) {
  ProjectionSession session(seed);
  check_life(session, session.live(), StateNumber(seed), states, tally);
}

}  // namespace

TEST_CASE("a processor goes on after a power loss as if there had been none") {
  Tally tally;
  if (arguments.only) {
    check_workload(arguments.only->seed(), 1, tally);
  } else {
    const auto share = std::clamp<std::uint64_t>(arguments.states / 8, 1, of_a_workload);
    for (auto seed = arguments.seed; tally.total() < arguments.states; ++seed)
      check_workload(seed, share, tally);
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
