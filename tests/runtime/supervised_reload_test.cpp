// SPDX-License-Identifier: MIT
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/supervised.hpp"
#include "runtime/verdict.hpp"
#include "supervised_rig.hpp"

namespace aludel {

namespace {

using Libraries = std::vector<std::string>;

ProcessorState state_of(Activity activity, std::optional<ProcessorError> error = {}) {
  ProcessorState state;
  state.activity = activity;
  state.error = std::move(error);
  return state;
}

ProcessorError error_in(const char* stage, std::optional<std::uint64_t> event_id = {}) {
  return {event_id, system_clock().wall_ns(), event_id ? 1U : 0U, "fail", stage, "code", "why"};
}

struct Reloading : Rig {
  std::vector<Result<Reloaded>> told;

  void reload() {
    supervised->reload(spec_with("new.so", "2.0.0"),
                       [this](Result<Reloaded> r) { told.push_back(std::move(r)); });
  }
  // As its last word.
  void end_as(const ProcessorState& state) {
    const auto events = script.events;
    events.on_state(state);
    events.on_end({state, "exited with status 0", {}});
  }
  void be_up() {
    auto state = state_of(Activity::running);
    script.events.on_state(state);
    CHECK(told.empty());
    state.up = true;
    script.events.on_state(state);
  }
  // Up to the trial of the new library.
  void reload_at_work() {
    supervised->start();
    be_up();
    reload();
    end_as(state_of(Activity::offline));
    REQUIRE(script.libraries == Libraries{"former.so", "new.so"});
  }
};

}  // namespace

TEST_CASE("a reload asks for the end, starts the new library, and is done once its handler is up") {
  Reloading rig;
  rig.supervised->start();
  rig.be_up();
  rig.reload();
  CHECK(rig.script.stopped == 1);
  CHECK(rig.script.started == 1);
  rig.end_as(state_of(Activity::offline));
  CHECK(rig.supervised->state().activity == Activity::running);
  CHECK(rig.script.libraries == Libraries{"former.so", "new.so"});
  rig.be_up();
  REQUIRE(rig.told.size() == 1);
  REQUIRE(rig.told[0]);
  CHECK(rig.told[0]->from == "1.0.0");
  CHECK(rig.told[0]->version == "2.0.0");
  CHECK(rig.told[0]->works());
  rig.script.events.on_state(state_of(Activity::waiting));
  CHECK(rig.told.size() == 1);
}

TEST_CASE("whoever ends the former worker first, the new library is started, and no death is counted") {
  for (const bool dies : {true, false}) {
    Reloading rig;
    rig.supervised->start();
    rig.reload();
    if (dies) rig.die();
    if (!dies) rig.end_as(state_of(Activity::stopped, error_in("handle", 7)));
    CHECK(rig.script.libraries == Libraries{"former.so", "new.so"});
    CHECK(rig.script.starts.back() == Processor::Start::again);
    CHECK_FALSE(read_verdict(rig.host_dir.path()));
    rig.be_up();
    REQUIRE(rig.told.size() == 1);
    CHECK(rig.told[0]);
  }
}

TEST_CASE("a new library that fails before its handler is up makes way for the former, and it is said why") {
  const std::pair<std::function<void(Reloading&)>, const char*> failures[] = {
      {[](Reloading& rig) { rig.end_as(state_of(Activity::refused, error_in("create"))); }, "code: why"},
      {[](Reloading& rig) { rig.end_as(state_of(Activity::stopped, error_in("start"))); }, "code: why"},
      {[](Reloading& rig) { rig.end_as(state_of(Activity::offline)); }, "exited with status 0"},
      {[](Reloading& rig) { rig.die(); },
       "killed by signal 11 (Segmentation fault); it wrote last: last words"},
  };
  for (const auto& [fail, why] : failures) {
    Reloading rig;
    rig.reload_at_work();
    fail(rig);
    REQUIRE(rig.script.libraries == Libraries{"former.so", "new.so", "former.so"});
    CHECK(std::filesystem::exists(rig.dir.path()));
    CHECK_FALSE(read_verdict(rig.host_dir.path()));
    rig.be_up();
    REQUIRE(rig.told.size() == 1);
    REQUIRE_FALSE(rig.told[0]);
    CHECK(rig.told[0].error().code == ErrorCode::refused);
    const auto& message = rig.told[0].error().message;
    CHECK(message.find(why) != std::string::npos);
    CHECK(message.find("; version 1.0.0 stays, after ") != std::string::npos);
  }
}

TEST_CASE("a former library that fails as well is not tried for ever") {
  Reloading rig;
  rig.reload_at_work();
  rig.end_as(state_of(Activity::refused, error_in("create")));
  rig.end_as(state_of(Activity::stopped, error_in("start")));
  CHECK(rig.script.started == 3);
  CHECK(rig.supervised->state().activity == Activity::stopped);
  REQUIRE(rig.told.size() == 1);
  CHECK_FALSE(rig.told[0]);
}

TEST_CASE("there is no way back from tables that the new library has brought to another version") {
  const std::function<void(Reloading&)> failures[] = {
      [](Reloading& rig) { rig.end_as(state_of(Activity::stopped, error_in("start"))); },
      [](Reloading& rig) { rig.die(); },
  };
  for (const auto& fail : failures) {
    Reloading rig;
    make_projection(rig.dir.path());
    rig.reload_at_work();
    const auto database = Database::open(projection_link(rig.dir.path()), Database::Mode::read_write);
    REQUIRE(database);
    REQUIRE((*database)->execute("update _aludel_identity set projection_version = 2"));
    fail(rig);
    CHECK(rig.script.libraries == Libraries{"former.so", "new.so"});
    REQUIRE(rig.told.size() == 1);
    REQUIRE(rig.told[0]);
    CHECK(rig.told[0]->version == "2.0.0");
    CHECK_FALSE(rig.told[0]->works());
    CHECK_FALSE(rig.told[0]->why.empty());
  }
}

TEST_CASE("what is not the new library's fault does not keep it out") {
  const ProcessorState states[] = {
      state_of(Activity::paused),
      state_of(Activity::retrying, error_in("create")),
      state_of(Activity::diverged, error_in("open")),
      state_of(Activity::expired, error_in("open")),
      state_of(Activity::stopped, error_in("handle", 7)),
  };
  for (const auto& state : states) {
    CAPTURE(to_string(state.activity));
    Reloading rig;
    rig.reload_at_work();
    rig.script.events.on_state(state);
    REQUIRE(rig.told.size() == 1);
    REQUIRE(rig.told[0]);
    CHECK(rig.told[0]->state == state.activity);
    CHECK(rig.script.started == 2);
  }
}

TEST_CASE("one that stands still is started with the new library, and tries again") {
  Reloading rig;
  rig.supervised->start();
  rig.end_as(state_of(Activity::stopped, error_in("handle", 7)));
  CHECK(rig.supervised->ended());
  rig.reload();
  CHECK(rig.script.stopped == 0);
  CHECK(rig.script.libraries == Libraries{"former.so", "new.so"});
  CHECK(rig.script.starts.back() == Processor::Start::again);
  rig.be_up();
  REQUIRE(rig.told.size() == 1);
  CHECK(rig.told[0]);
}

TEST_CASE("a worker that cannot be started has an answer, and is tried again with the new library") {
  Reloading rig;
  rig.supervised->start();
  rig.reload();
  rig.script.cannot_start = Error(ErrorCode::memory, "fork: no memory");
  rig.end_as(state_of(Activity::offline));
  REQUIRE(rig.told.size() == 1);
  REQUIRE(rig.told[0]);
  CHECK(rig.told[0]->state == Activity::retrying);
  CHECK(rig.told[0]->why.find("fork: no memory") != std::string::npos);
  rig.script.cannot_start.reset();
  rig.run_until_started(3);
  CHECK(rig.script.libraries.back() == "new.so");
}

TEST_CASE("a host that ends starts nothing anew") {
  Reloading rig;
  rig.supervised->start();
  rig.reload();
  rig.supervised->stop();
  rig.end_as(state_of(Activity::offline));
  CHECK(rig.supervised->ended());
  CHECK(rig.script.started == 1);
  REQUIRE(rig.told.size() == 1);
  CHECK(rig.told[0].error().code == ErrorCode::stopped);
  rig.told.clear();
  rig.reload();
  REQUIRE(rig.told.size() == 1);
  CHECK(rig.told[0].error().code == ErrorCode::stopped);
}

}  // namespace aludel
