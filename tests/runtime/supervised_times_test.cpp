// SPDX-License-Identifier: MIT
// When a processor is tried again is told by its process, in which its plugin may write what it likes.
#include <cstdint>
#include <limits>

#include "supervised_rig.hpp"

namespace aludel {

namespace {

using Limits = std::numeric_limits<std::int64_t>;

ProcessorState put_off(std::int64_t since_ns, std::optional<std::int64_t> next_try_ns) {
  ProcessorState state;
  state.activity = Activity::retrying;
  state.error = ProcessorError{std::nullopt, since_ns, 0, "host", "open", "not_yet", "why"};
  state.error->next_try_ns = next_try_ns;
  return state;
}

}  // namespace

TEST_CASE("one that says that it was to be tried long ago is tried at once") {
  Rig rig;
  rig.supervised->start();
  const auto events = rig.script.events;
  events.on_end({put_off(Limits::min(), Limits::min()), "exited with status 0", {}});
  CHECK(rig.supervised->put_off());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  rig.run_until([&] { return rig.script.started == 2 || std::chrono::steady_clock::now() > deadline; });
  CHECK(rig.script.started == 2);
}

TEST_CASE("one that says that it has failed in the far future is tried soon") {
  Rig rig;
  rig.supervised->start();
  const auto events = rig.script.events;
  const auto now_ns = system_clock().wall_ns();
  events.on_end({put_off(Limits::max(), std::nullopt), "exited with status 0", {}});
  CHECK(rig.supervised->put_off());
  const auto next_try_ns = rig.supervised->state().error->next_try_ns;
  REQUIRE(next_try_ns);
  CHECK(*next_try_ns > now_ns);
  CHECK(*next_try_ns < Limits::max());
}

}  // namespace aludel
