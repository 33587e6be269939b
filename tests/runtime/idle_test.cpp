// SPDX-License-Identifier: MIT
#include "runtime/idle.hpp"

#include "support/result_printing.hpp"

namespace aludel {

namespace {

const InspectedPlugin bad{"p/bad.so", Error(ErrorCode::refused, "refuse p/bad.so: no entry")};
const LeftOut left_out{"needy", "org.example.needy", "p/needy.so"};

}  // namespace

TEST_CASE("a host with a processor is not idle, nor with one that is refused") {
  CHECK_FALSE(why_idle({{PlannedProcessor{}}, {}}, {}, {}));
  CHECK_FALSE(why_idle({{}, {{"x", "", Error()}}}, {}, {"p"}));
}

TEST_CASE("a host of which nobody asked for plugins is idle by intent, and told how to ask") {
  const auto idle = why_idle({}, {}, {});
  REQUIRE(idle);
  CHECK_FALSE(idle->by_mistake);
  CHECK(idle->why == "no plugin folder is named: [host] plugin_dirs, --plugin-dir or ALUDEL_PLUGIN_PATH");
}

TEST_CASE("each plugin and handler that does not run is told with its reason") {
  const auto idle = why_idle({{}, {}, {left_out}}, {bad}, {"p"});
  REQUIRE(idle);
  CHECK(idle->by_mistake);
  CHECK(idle->why ==
        "no processor runs: org.example.needy (p/needy.so) requires config: write [processor.needy] with "
        "handler = \"org.example.needy\" and config = { ... } into aludel.toml; refuse p/bad.so: no entry");
  CHECK(why_idle({}, {}, {"/", "/nowhere"})->why ==
        "no processor runs: the plugin folder / holds no plugin (*.so); the plugin folder /nowhere is not "
        "there");
}

}  // namespace aludel
