// SPDX-License-Identifier: MIT
#include "runtime/messages.hpp"

#include <string>

#include "runtime/processor_spec.hpp"
#include "support/result_printing.hpp"

namespace aludel {

namespace {

ProcessorState stopped() {
  ProcessorState state;
  state.activity = Activity::stopped;
  state.up = true;
  state.handler_id = "org.example.x";
  state.handler_version = "1.2.3";
  state.next = UINT64_MAX;  // no number is too large
  state.handled = 7;
  state.skipped = 2;
  state.dead_letters = 1;
  state.error = ProcessorError{17, -5, 3, "fail", "handle", "a_code", "a \"message\"\nof two lines"};
  return state;
}

void check_equal(const ProcessorState& a, const ProcessorState& b) {
  CHECK(a.activity == b.activity);
  CHECK(a.up == b.up);
  CHECK(a.handler_id == b.handler_id);
  CHECK(a.handler_version == b.handler_version);
  CHECK(a.next == b.next);
  CHECK(a.handled == b.handled);
  CHECK(a.skipped == b.skipped);
  CHECK(a.dead_letters == b.dead_letters);
  REQUIRE(a.error.has_value() == b.error.has_value());
  if (!a.error) return;
  CHECK(a.error->event_id == b.error->event_id);
  CHECK(a.error->since_ns == b.error->since_ns);
  CHECK(a.error->attempt == b.error->attempt);
  CHECK(a.error->outcome == b.error->outcome);
  CHECK(a.error->stage == b.error->stage);
  CHECK(a.error->code == b.error->code);
  CHECK(a.error->message == b.error->message);
}

template <typename T>
T through_json(const Message& message) {
  const auto line = to_json(message);
  CHECK(line.find('\n') == std::string::npos);
  auto read = parse_message(line);
  REQUIRE(read);
  REQUIRE(std::holds_alternative<T>(*read));
  return std::get<T>(*read);
}

}  // namespace

TEST_CASE("what a child says arrives as it was said") {
  check_equal(through_json<StateMessage>(StateMessage{stopped()}).state, stopped());
  check_equal(through_json<EndMessage>(EndMessage{ProcessorState{}}).state, ProcessorState{});
  const auto log = through_json<LogMessage>(LogMessage{LogLevel::warning, "a\nb"});
  CHECK(log.level == LogLevel::warning);
  CHECK(log.text == "a\nb");
  CHECK(log.origin == LogOrigin::host);
  CHECK(through_json<LogMessage>(LogMessage{LogLevel::info, "a", LogOrigin::plugin}).origin ==
        LogOrigin::plugin);
}

TEST_CASE("every state has a word that reads back") {
  for (int i = 0; i <= static_cast<int>(Activity::unconfigured); ++i) {
    ProcessorState state;
    state.activity = static_cast<Activity>(i);
    const auto read = parse_state(to_json(state));
    REQUIRE(read);
    CHECK(read->activity == state.activity);
  }
}

TEST_CASE("what is no message is refused") {
  for (const auto* line : {"", "{}", "[]", "5", "{\"state\":5}", "{\"state\":{}}", "{\"log\":5,\"level\":1}",
                           "{\"log\":\"x\",\"level\":9}", "{\"log\":\"x\"}", "{\"log\":\"x\",\"level\":-1}",
                           "{\"end\":null}", "{\"log\":\"\xff\",\"level\":1}"}) {
    const auto read = parse_message(line);
    REQUIRE_FALSE_MESSAGE(read, line);
    CHECK(read.error().message.find("read a message: ") == 0);
  }
}

TEST_CASE("a processor's specification reads back the same") {
  ProcessorSpec spec;
  spec.name = "x";
  spec.directory = "/data/processors/x";
  spec.host_directory = "/data/host/x";
  spec.log = "/data/log";
  spec.library = "/p/\"odd\".so";
  spec.handler = "org.example.x";
  spec.handler_version = "1";
  spec.config_json = R"({"a":[1,"b"]})";
  spec.subscriptions = {{Subscription::Kind::all, ""}, {Subscription::Kind::prefix, "a."}};
  spec.types = {{Subscription::Kind::exact, "a.b"}};
  spec.batch_size = 5;
  spec.timeout = std::chrono::milliseconds(70);
  spec.replay = {ReplayStrategy::exponential,
                 7,
                 std::chrono::minutes(2),
                 std::chrono::hours(5),
                 1.5,
                 std::chrono::seconds(30),
                 std::chrono::seconds(90),
                 20,
                 ReplayOrder::newest,
                 3};
  spec.log_level = LogLevel::error;
  spec.sandbox = {SandboxLevel::strict, true};
  spec.breaker = BreakerPolicy{7, std::chrono::seconds(30), std::chrono::minutes(2), 4};
  spec.death_output = "last \"words\"\n";
  spec.allowance = {512 * limits::MiB, std::chrono::milliseconds(300), 128, 16, 50, 3, 96 * limits::MiB};
  const auto read = parse_spec(to_json(spec));
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(spec));
  CHECK(read->replay == spec.replay);
  CHECK(read->sandbox == spec.sandbox);
  CHECK(read->allowance == spec.allowance);
  CHECK(read->breaker == spec.breaker);
  CHECK(read->death_output == spec.death_output);
  CHECK(read->subscriptions == spec.subscriptions);
  CHECK(read->library == spec.library);
  CHECK_FALSE(parse_spec("{}"));
}

}  // namespace aludel
