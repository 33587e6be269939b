// SPDX-License-Identifier: MIT
/// Plugins of other languages, compilers and standard libraries, and those that the documentation shows.
#include <doctest/doctest.h>

#include "abi/fake_processor.hpp"

namespace abi_test {
namespace {

const aludel_handler& only_handler(const char* file) {
  const aludel_library& library = load(file);
  REQUIRE(library.handler_count == 1);
  return *library.handlers[0];
}

/// Counts what customers spent: the example of docs/howto/write-a-handler.md, in either language.
void check_spending(const char* file) {
  FakeProcessor processor(only_handler(file));
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "order.paid", .data = R"({"amount": 1250})", .id = 0, .key = "ann"}) ==
        ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "order.paid", .data = R"({"amount": 50})", .id = 1, .key = "ann"}) ==
        ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "order.paid", .data = R"({"amount": -1})", .id = 2, .key = "bob"}) ==
        ALUDEL_FAIL);
  CHECK(processor.host.error().code == "negative_amount");
  CHECK(processor.deliver({.type = "order.paid", .data = "{}", .id = 3, .key = "bob"}) == ALUDEL_FAIL);
  CHECK(processor.deliver({.type = "order.paid", .data = R"({"amount": "1"})", .id = 4, .key = "bob"}) ==
        ALUDEL_FAIL);
  CHECK(processor.host.rows("select * from spending") == "ann|2|1300");
}

void check_threaded(const char* file) {
  FakeProcessor processor(only_handler(file));
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  const auto say = [&](const std::string& word) {
    return processor.deliver({.type = "word", .data = "{\"word\": \"" + word + "\"}"});
  };
  CHECK(say("hello") == ALUDEL_HANDLED);
  CHECK(say("hello") == ALUDEL_HANDLED);
  CHECK(say("fail") == ALUDEL_FAIL);
  CHECK(processor.host.error().message == "the word is \"fail\"");
  CHECK(say("throw") == ALUDEL_FAIL);
  CHECK(processor.host.error().code == "exception");
  CHECK(processor.host.error().message == "thrown by the standard library's own type");
  CHECK(say("number") == ALUDEL_FAIL);
  CHECK(processor.host.error().message == "an exception that is not a std::exception");
  CHECK(say("at") == ALUDEL_FAIL);
  CHECK(processor.host.error().code == "exception");
  CHECK(say(std::string(101, 'x')) == ALUDEL_FATAL);
  CHECK(processor.host.rows("select * from words") == "hello|2");
  processor.stop();
  CHECK(processor.host.log_lines() == std::vector<std::string>{"2 the thread runs", "2 the thread ends"});
}

}  // namespace

TEST_CASE("a plugin in strict C99 works") {
  const aludel_handler& handler = only_handler(C99_PLUGIN);
  FakeProcessor refused(handler);
  CHECK(refused.create("{}") == ALUDEL_FAIL);
  CHECK(refused.host.error().code == "bad_config");

  FakeProcessor processor(handler);
  REQUIRE(processor.run_up(R"({"pointer": "/n"})") == ALUDEL_HANDLED);
  CHECK(
      processor.deliver(
          {.type = "numbered.a", .data = R"({"n": 4})", .id = 1, .key = "k", .attributes = {{"id", "x"}}}) ==
      ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "numbered.b", .data = R"({"n": 5})", .id = 2}) == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "numbered.b", .data = R"({"n": 5.5})", .id = 3}) == ALUDEL_FAIL);
  CHECK(processor.host.error().message == "the number is none");
  CHECK(processor.deliver({.type = "numbered.b", .data = "{}", .id = 4}) == ALUDEL_FAIL);
  CHECK(processor.host.error().code == "not_found");
  CHECK(processor.deliver({.type = "numbered.a", .data = R"({"n": 4})", .id = 1}) == ALUDEL_FAIL);
  CHECK(processor.host.error().code == "constraint");
  CHECK(processor.host.rows("select * from seen") == "1|k|4|x\n2||5|null");
  processor.stop();
  CHECK(processor.host.log_lines() == std::vector<std::string>{"2 c99 stops"});
}

TEST_CASE("a plugin with a thread of its own that throws works, built by this compiler") {
  check_threaded(THREADED_PLUGIN);
}

#ifdef CLANG_PLUGIN
TEST_CASE(
    "a plugin built by Clang with libc++ throws, logs from a thread and ends it, in a process with "
    "libstdc++") {
  check_threaded(CLANG_PLUGIN);
}
#endif

TEST_CASE("the plugin that plugin.h shows works as it is printed") {
  FakeProcessor processor(only_handler(PLUGIN_H_EXAMPLE));
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "deposit", .id = 17}) == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "deposit", .id = 17}) == ALUDEL_FAIL);
  CHECK(processor.host.rows("select id from seen") == "17");
}

TEST_CASE("the plugin that plugin.hpp shows works as it is printed") {
  FakeProcessor processor(only_handler(PLUGIN_HPP_EXAMPLE));
  REQUIRE(processor.run_up() == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "a"}) == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "b"}) == ALUDEL_HANDLED);
  CHECK(processor.deliver({.type = "a"}) == ALUDEL_HANDLED);
  CHECK(processor.host.rows("select type, events from counter order by type") == "a|2\nb|1");
}

TEST_CASE("the handler of the how-to works as it is printed, in C++ and in C") {
  check_spending(HOWTO_CPP_EXAMPLE);
  check_spending(HOWTO_C_EXAMPLE);
}

}  // namespace abi_test
