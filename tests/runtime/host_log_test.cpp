// SPDX-License-Identifier: MIT
#include "runtime/host_log.hpp"

#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/limits.hpp"
#include "base/os/process.hpp"
#include "support/result_printing.hpp"

namespace aludel {

namespace {

std::string written(HostLog::Format format, LogLevel level, std::string_view processor, std::string_view text,
                    LogOrigin origin = LogOrigin::host) {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  HostLog(pipe->writer.number(), LogLevel::info, format).write(level, processor, text, origin);
  pipe->writer = {};
  std::string out(64 * 1024, '\0');
  const auto size = ::read(pipe->reader.number(), out.data(), out.size());
  REQUIRE(size >= 0);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// Without the time in front, which has a fixed width.
std::string text(LogLevel level, std::string_view processor, std::string_view message) {
  auto line = written(HostLog::Format::text, level, processor, message);
  return line.size() < 25 ? line : line.substr(25);
}

}  // namespace

TEST_CASE("a log line says when, how grave, who and what") {
  const auto line = written(HostLog::Format::text, LogLevel::warning, "ledger", "low on ink");
  CHECK(line.substr(4, 1) == "-");
  CHECK(line.substr(19, 1) == ".");
  CHECK(line.substr(23) == "Z warning ledger: low on ink\n");
  CHECK(text(LogLevel::info, "", "ready") == "info ready\n");
  const auto json = written(HostLog::Format::json, LogLevel::error, "ledger", "a \"quoted\"\nline");
  CHECK(json.find(R"("level":"error","processor":"ledger","message":"a \"quoted\"\nline"})") !=
        std::string::npos);
  CHECK(json.find("{\"time\":\"") == 0);
}

TEST_CASE("a plugin's line is told from one of the host's, whatever it says") {
  const auto line =
      written(HostLog::Format::text, LogLevel::error, "x", "x: stopped: event 7", LogOrigin::plugin);
  CHECK(line.substr(25) == "error x| x: stopped: event 7\n");
  const auto json = written(HostLog::Format::json, LogLevel::error, "x", "stopped", LogOrigin::plugin);
  CHECK(json.find(R"("processor":"x","origin":"plugin","message":"stopped"})") != std::string::npos);
}

TEST_CASE("what is below the level is not written") {
  CHECK(text(LogLevel::debug, "", "x").empty());
  CHECK_FALSE(text(LogLevel::info, "", "x").empty());
}

TEST_CASE("a line stays one line of text, whatever is in it") {
  CHECK(text(LogLevel::info, "x", "a\nb\x1b[31m\x07 c") == "info x: a b [31m  c\n");
  CHECK(text(LogLevel::info, "x", "\xff") == "info x: \uFFFD\n");
  CHECK(text(LogLevel::info, "x", std::string(100'000, 'a')).size() < limits::log_line_max + 100);
}

TEST_CASE("levels are read by their names") {
  for (const auto level :
       {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    CHECK(parse_log_level(to_string(level)) == level);
  }
  CHECK_FALSE(parse_log_level("loud"));
}

}  // namespace aludel
