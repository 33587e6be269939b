// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "bridge.hpp"

namespace aludel {
namespace {

aludel_str str(std::string_view text) {
  return {text.data(), text.size()};
}

aludel_error error_of(std::string_view code, std::string_view message, std::string_view detail = "") {
  return {sizeof(aludel_error), 0, str(code), str(message), str(detail), 0, UINT64_MAX};
}

Bridge::Action reporting(std::int32_t outcome) {
  return [outcome](aludel_call*, const aludel_host*, const aludel_event*) { return outcome; };
}

}  // namespace

TEST_CASE("each outcome is reported as it is; an unknown one is a failure and a warning") {
  Bridge bridge;
  bridge.bring_up();
  CHECK(bridge.in(Stage::handle, reporting(ALUDEL_HANDLED)) == Outcome::handled);
  CHECK(bridge.in(Stage::handle, reporting(ALUDEL_SKIP)) == Outcome::skip);
  CHECK(bridge.in(Stage::handle, reporting(ALUDEL_RETRY)) == Outcome::retry);
  CHECK(bridge.in(Stage::handle, reporting(ALUDEL_FAIL)) == Outcome::fail);
  CHECK(bridge.in(Stage::handle, reporting(ALUDEL_FATAL)) == Outcome::fatal);
  CHECK(bridge.log.lines().empty());
  for (const std::int32_t unknown : {5, 6, -1, 100}) {
    CHECK(bridge.in(Stage::handle, reporting(unknown)) == Outcome::fail);
    CHECK(bridge.instance().error().code == "unspecified");
    CHECK(bridge.instance().error().message ==
          "handle() reported " + std::to_string(unknown) + ", which is no outcome");
  }
  CHECK(bridge.log.lines().size() == 4);
  CHECK(bridge.log.lines()[0] ==
        std::pair(LogLevel::warning,
                  std::string("handle() reported 5, which is no outcome: it counts as fail")));
  CHECK(bridge.log.origins()[0] == LogOrigin::host);
}

TEST_CASE("skip is for events only") {
  Bridge bridge;
  CHECK(bridge.in(Stage::create, reporting(ALUDEL_SKIP)) == Outcome::fail);
  bridge.bring_up();
  CHECK(bridge.in(Stage::flush, reporting(ALUDEL_SKIP)) == Outcome::fail);
}

TEST_CASE("a failure without a reason has a code all the same") {
  Bridge bridge;
  bridge.bring_up();
  CHECK(bridge.in(Stage::flush, reporting(ALUDEL_FAIL)) == Outcome::fail);
  CHECK(bridge.instance().error().code == "unspecified");
  CHECK(bridge.instance().error().message == "flush() reported fail and gave no reason");
}

TEST_CASE("the latest of set_error and a host function's error is what is reported") {
  Bridge bridge;
  bridge.bring_up();
  const auto set = [](aludel_call* call, const aludel_host* host) {
    const auto error = error_of("mine", "by the handler", "{\"a\":1}");
    CHECK(host->set_error(call, &error) == ALUDEL_OK);
  };
  const auto fail_in_host = [](aludel_call* call, const aludel_host* host) {
    aludel_value value;
    CHECK(host->json(call, ALUDEL_LIT("{}"), ALUDEL_LIT("/x"), &value) == ALUDEL_NOT_FOUND);
  };
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    fail_in_host(call, host);
    set(call, host);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == "mine");
  CHECK(bridge.instance().error().message == "by the handler");
  CHECK(bridge.instance().error().detail_json == "{\"a\":1}");
  bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    set(call, host);
    fail_in_host(call, host);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == "not_found");
  CHECK(bridge.instance().error().detail_json == "");
}

TEST_CASE("an error is gone before the next function") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    const auto error = error_of("first", "of this call");
    return host->set_error(call, &error) == ALUDEL_OK ? ALUDEL_FAIL : ALUDEL_FATAL;
  });
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    aludel_str code;
    aludel_str message;
    CHECK(host->last_error(call, &code, &message) == ALUDEL_OK);
    CHECK(code.size == 0);
    CHECK(message.size == 0);
    CHECK(code.data != nullptr);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == "unspecified");
}

TEST_CASE("a handler reads the last error back") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    const auto error = error_of("code", "message");
    host->set_error(call, &error);
    aludel_str code;
    aludel_str message;
    CHECK(host->last_error(call, &code, &message) == ALUDEL_OK);
    CHECK(std::string(code.data) == "code");
    CHECK(std::string(message.data) == "message");
    return ALUDEL_HANDLED;
  });
}

TEST_CASE("an error's texts are cut between characters and mended") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    // Each limit falls inside of a two-byte or three-byte character.
    const auto code = std::string(63, 'c') + "\u00e9";
    const auto message = std::string(4'095, 'm') + "\u20ac";
    const auto detail = std::string(65'534, 'd') + "\u20ac" + "z";
    const auto error = error_of(code, message, detail);
    CHECK(host->set_error(call, &error) == ALUDEL_OK);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == std::string(63, 'c'));
  CHECK(bridge.instance().error().message == std::string(4'095, 'm'));
  CHECK(bridge.instance().error().detail_json == std::string(65'534, 'd'));
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    const auto error = error_of("latin-\xe9", std::string_view("nul\0nul", 7));
    CHECK(host->set_error(call, &error) == ALUDEL_OK);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == "latin-\ufffd");
  CHECK(bridge.instance().error().message == "nul\ufffdnul");
}

TEST_CASE("an error struct is checked, and an empty one has the code unspecified") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event*) {
    auto error = error_of("code", "message");
    for (const std::uint32_t size : {0U, 64U, 73U, 4'104U}) {
      error.struct_size = size;
      CHECK(host->set_error(call, &error) == ALUDEL_MISUSE);
    }
    error = error_of("code", "message");
    error.message = {nullptr, 3};
    CHECK(host->set_error(call, &error) == ALUDEL_MISUSE);
    error = error_of("", "");
    error.code = {nullptr, 0};
    CHECK(host->set_error(call, &error) == ALUDEL_OK);
    return ALUDEL_FAIL;
  });
  CHECK(bridge.instance().error().code == "unspecified");
}

TEST_CASE("retry says how long to wait, within reason") {
  Bridge bridge;
  bridge.bring_up();
  const auto retrying = [](std::uint64_t after_ms) {
    return [after_ms](aludel_call* call, const aludel_host* host, const aludel_event*) {
      auto error = error_of("busy", "later");
      error.retry_after_ms = after_ms;
      host->set_error(call, &error);
      return ALUDEL_RETRY;
    };
  };
  CHECK(bridge.in(Stage::handle, retrying(1'500)) == Outcome::retry);
  CHECK(bridge.instance().error().retry_after == std::chrono::milliseconds(1'500));
  bridge.in(Stage::handle, retrying(UINT64_MAX));
  CHECK(bridge.instance().error().retry_after == std::chrono::hours(365 * 24));
}

TEST_CASE("flush names the event at fault only among those delivered since the last commit") {
  Bridge bridge;
  bridge.bring_up();
  const auto named_in_flush = [&](std::uint64_t id) {
    bridge.in(Stage::flush, [id](aludel_call* call, const aludel_host* host, const aludel_event*) {
      auto error = error_of("code", "message");
      error.event_id = id;
      host->set_error(call, &error);
      return ALUDEL_FAIL;
    });
    return bridge.instance().error().event_id;
  };
  const auto deliver = [&](std::uint64_t id) {
    bridge.set_event("{}", id);
    bridge.in(Stage::handle, Bridge::nothing);
  };
  CHECK_FALSE(named_in_flush(7));  // nothing delivered
  deliver(7);
  deliver(9);
  CHECK(named_in_flush(7) == 7U);
  CHECK(named_in_flush(9) == 9U);
  CHECK_FALSE(named_in_flush(6));
  CHECK_FALSE(named_in_flush(10));
  CHECK_FALSE(named_in_flush(UINT64_MAX));
  bridge.instance().rolled_back(9);
  CHECK(named_in_flush(7) == 7U);
  CHECK_FALSE(named_in_flush(9));
  CHECK(bridge.in(Stage::flush, Bridge::nothing) == Outcome::handled);
  deliver(12);
  CHECK_FALSE(named_in_flush(7));
  CHECK(named_in_flush(12) == 12U);
  bridge.instance().rolled_back(12);
  CHECK_FALSE(named_in_flush(12));
}

TEST_CASE("handle names no event: its own is known") {
  Bridge bridge;
  bridge.bring_up();
  bridge.in(Stage::handle, [](aludel_call* call, const aludel_host* host, const aludel_event* event) {
    auto error = error_of("code", "message");
    error.event_id = event->id;
    host->set_error(call, &error);
    return ALUDEL_FAIL;
  });
  CHECK_FALSE(bridge.instance().error().event_id);
}

}  // namespace aludel
