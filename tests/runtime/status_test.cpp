// SPDX-License-Identifier: MIT
#include "runtime/status.hpp"

#include <fstream>
#include <string>

#include "log/segment_log.hpp"
#include "runtime/noted_spec.hpp"
#include "runtime/small_file.hpp"
#include "runtime/verdict.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

Subscription exact(std::string type) {
  return {Subscription::Kind::exact, std::move(type)};
}

// A data directory with three events: two of type "a", one of "b".
struct Rig {
  TempDir dir;
  Installation installation{DataDirectory(dir.path()), {}};

  Rig() {
    OpenOptions options;
    options.dir = installation.data.log();
    auto log = SegmentLog::open(options);
    REQUIRE(log);
    for (const auto* type : {"a", "a", "b"}) {
      NewEvent event;
      event.type = type;
      event.source = "/";
      event.content_type = "application/json";
      REQUIRE((*log)->append({{&event, 1}}));
    }
  }

  // The folder that a host once made for a processor.
  void leave_folder(const std::string& name, std::vector<Subscription> subscriptions) const {
    ProcessorSpec spec;
    spec.name = name;
    spec.subscriptions = std::move(subscriptions);
    place(spec, installation.data);
    for (const auto& folder : {spec.directory, spec.host_directory})
      std::filesystem::create_directories(folder);
    REQUIRE(note_spec(spec));
  }

  [[nodiscard]] Status status(const Plan& plan = {},
                              const std::optional<LiveStates>& live = std::nullopt) const {
    auto status = read_status(installation, plan, live);
    REQUIRE(status);
    return *status;
  }
};

PlannedProcessor planned(std::string name, std::vector<Subscription> subscriptions) {
  PlannedProcessor p;
  p.config.name = std::move(name);
  p.handler.id = "org.example." + p.config.name;
  p.handler.version = "2";
  p.handler.subscriptions = std::move(subscriptions);
  return p;
}

using Counts = std::map<std::string, std::uint64_t>;

}  // namespace

TEST_CASE("without processors every type is unrouted") {
  const Rig rig;
  const auto status = rig.status();
  CHECK(status.events == 3);
  CHECK(status.processors.empty());
  CHECK(status.unrouted == Counts{{"a", 2}, {"b", 1}});
}

TEST_CASE("a processor that has never run is shown offline, with all events before it") {
  const Rig rig;
  const auto status = rig.status({{planned("x", {exact("a")})}, {}});
  REQUIRE(status.processors.size() == 1);
  const auto& x = status.processors[0];
  CHECK(x.name == "x");
  CHECK(x.state.activity == Activity::offline);
  CHECK(x.state.handler_id == "org.example.x");
  CHECK(x.lag == 3);
  CHECK(status.unrouted == Counts{{"b", 1}});
  CHECK(
      to_json(status).find(
          R"({"name":"x","handler":"org.example.x","version":"2","state":"offline","cursor":null,"lag":3,"handled":0,"skipped":0,"dead_letters":0,"expired":0,"emits_pending":0,"commands_kept":0,"paused_since":null,"attempt":0,"error":null,"sandbox":{"level":"basic","missing":[)") !=
      std::string::npos);
}

TEST_CASE("a new processor that cannot be started is shown refused, with the reason") {
  const Rig rig;
  Error error(ErrorCode::refused, "refuse x.so: no entry");
  error.reason = "no_entry";
  const auto status = rig.status({{}, {{"x", "org.example.x", error}}});
  REQUIRE(status.processors.size() == 1);
  const auto& state = status.processors[0].state;
  CHECK(state.activity == Activity::refused);
  CHECK(state.handler_id == "org.example.x");
  REQUIRE(state.error);
  CHECK(state.error->code == "no_entry");
  CHECK(state.error->message == "refuse x.so: no entry");
}

TEST_CASE("what a host says of a processor goes before what its folder says") {
  const Rig rig;
  ProcessorState live;
  live.activity = Activity::waiting;
  live.next = 2;
  const auto status = rig.status({{planned("x", {exact("a")})}, {}}, LiveStates{{"x", live}});
  CHECK(status.processors[0].state.activity == Activity::waiting);
  CHECK(status.processors[0].lag == 1);
  CHECK(to_json(status).find(R"("state":"waiting","cursor":1,"lag":1)") != std::string::npos);
}

TEST_CASE("a processor that the config names is not unconfigured, although no plan could be made") {
  Rig rig;
  for (const auto* name : {"x", "y"})
    rig.installation.config.processors.emplace_back().name = name;
  rig.leave_folder("x", {exact("a")});
  rig.leave_folder("gone", {exact("b")});
  const auto status = rig.status();
  REQUIRE(status.processors.size() == 3);
  CHECK(status.processors[0].state.activity == Activity::unconfigured);
  CHECK(status.processors[1].state.activity == Activity::offline);
  CHECK(status.processors[2].state.activity == Activity::offline);
  CHECK(status.unrouted == Counts{{"b", 1}});
}

TEST_CASE("where the plugins are not found, the folder says what the processor listened to") {
  const Rig rig;
  rig.leave_folder("x", {exact("b")});
  CHECK(rig.status().unrouted == Counts{{"a", 2}});
  CHECK(rig.status().processors[0].state.activity == Activity::offline);
  const Plan refused{{}, {{"x", "org.example.x", Error(ErrorCode::not_found, "no plugin")}}};
  CHECK(rig.status(refused).unrouted == Counts{{"a", 2}});
}

TEST_CASE("a processor that the config names no more is shown as such and wants nothing") {
  Rig rig;
  rig.leave_folder("x", {exact("b")});
  rig.installation.config.processors.emplace_back().name = "y";
  const auto status = rig.status({{planned("y", {})}, {}});
  REQUIRE(status.processors.size() == 2);
  CHECK(status.processors[0].state.activity == Activity::unconfigured);
  CHECK(status.unrouted == Counts{{"a", 2}, {"b", 1}});
}

TEST_CASE("each configured processor is shown with what confines it") {
  Rig rig;
  rig.leave_folder("gone", {exact("b")});
  auto by_plan = planned("p", {exact("a")});
  by_plan.config.sandbox.level = SandboxLevel::strict;
  auto& by_config = rig.installation.config.processors.emplace_back();
  by_config.name = "q";
  by_config.sandbox.level = SandboxLevel::off;
  auto& on_thread = rig.installation.config.processors.emplace_back();
  on_thread.name = "t";
  on_thread.isolation = Isolation::thread;
  const auto status = rig.status({{by_plan}, {}});
  REQUIRE(status.processors.size() == 4);
  CHECK_FALSE(status.processors[0].sandbox);
  CHECK(status.processors[1].sandbox == SandboxLevel::strict);
  CHECK(status.processors[1].sandbox_missing == missing_parts(SandboxLevel::strict, sandbox_support()));
  CHECK(status.processors[2].sandbox == SandboxLevel::off);
  CHECK(status.processors[2].sandbox_missing.empty());
  CHECK(status.processors[3].sandbox == SandboxLevel::off);
  CHECK(status.processors[3].sandbox_missing.size() == 1);
  const auto json = to_json(status);
  CHECK(json.find(R"("sandbox":null)") != std::string::npos);
  CHECK(json.find(R"("sandbox":{"level":"off","missing":[]})") != std::string::npos);
}

TEST_CASE("that a processor crashed is durable, and told until a host knows better") {
  const Rig rig;
  rig.leave_folder("x", {exact("b")});
  const ProcessorError error{17, 5, 1, "host", "handle", "crashed", "killed by signal 11"};
  REQUIRE(write_verdict(rig.installation.data.host_folder("x"), {Activity::crashed, error}));
  const auto status = rig.status();
  CHECK(status.processors[0].state.activity == Activity::crashed);
  CHECK(
      to_json(status).find(
          R"("attempt":1,"error":{"event_id":17,"code":"crashed","message":"killed by signal 11","outcome":"host","stage":"handle","since":"1970-01-01T00:00:00.000000005Z","next_try":null})") !=
      std::string::npos);
}

TEST_CASE("a projection that cannot be read is refused, since no time that anybody knows") {
  const Rig rig;
  rig.leave_folder("x", {exact("b")});
  std::ofstream(rig.installation.data.processor("x") / "projection.db") << std::string(8192, 'x');
  const auto status = rig.status();
  CHECK(status.processors[0].state.activity == Activity::refused);
  CHECK(to_json(status).find(R"("stage":"open","since":null,"next_try":null})") != std::string::npos);
}

TEST_CASE("a handler that subscribes when it is created may want anything that types name") {
  const Rig rig;
  auto dynamic = planned("x", {});
  dynamic.handler.flags = 1;  // ALUDEL_HANDLER_DYNAMIC
  CHECK(rig.status({{dynamic}, {}}).unrouted.empty());
  dynamic.config.types = {exact("a")};
  CHECK(rig.status({{dynamic}, {}}).unrouted == Counts{{"b", 1}});
}

TEST_CASE("where there is no log there is no status") {
  const TempDir dir;
  const auto status = read_status({DataDirectory(dir.path()), {}}, {}, std::nullopt);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::not_found);
}

}  // namespace aludel
