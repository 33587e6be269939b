// SPDX-License-Identifier: MIT
#include "runtime/processor_log.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/os/descriptor.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

constexpr std::ptrdiff_t lines_max = 50;

struct Rig {
  TempDir dir;
  os::Descriptor file{::open((dir.path() / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
  HostLog host{file.number(), LogLevel::info, HostLog::Format::text};
  Reactor reactor;
  std::optional<ProcessorLog> log{std::in_place, reactor, host, "x", lines_max};

  [[nodiscard]] std::string written() const {
    std::ifstream in(dir.path() / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::ptrdiff_t lines() const {
    const auto text = written();
    return std::count(text.begin(), text.end(), '\n');
  }
};

}  // namespace

TEST_CASE("of what a processor writes in a second no more than the limit is kept, and the rest is counted") {
  Rig rig;
  for (std::ptrdiff_t i = 0; i < lines_max + 7; ++i) {
    rig.log->write(LogLevel::info, "chatter", LogOrigin::plugin);
    rig.log->write(LogLevel::debug, "not asked for, so not counted", LogOrigin::plugin);
  }
  CHECK(rig.lines() == lines_max);
  const auto end = rig.reactor.after(std::chrono::milliseconds(1'050), [&] { rig.reactor.stop(); });
  rig.reactor.run();
  CHECK(rig.written().find("warning x: 7 lines were dropped: it may write 50 a second\n") !=
        std::string::npos);
  rig.log->write(LogLevel::info, "in another second", LogOrigin::plugin);
  CHECK(rig.lines() == lines_max + 2);
}

TEST_CASE("the host's own words are neither dropped in a plugin's flood nor counted in it") {
  Rig rig;
  for (std::ptrdiff_t i = 0; i < lines_max; ++i) {
    rig.log->write(LogLevel::info, "chatter", LogOrigin::plugin);
    rig.log->write(LogLevel::warning, "event 7: skipped", LogOrigin::host);
  }
  rig.log->write(LogLevel::info, "chatter", LogOrigin::plugin);
  rig.log->write(LogLevel::warning, "event 8: skipped", LogOrigin::host);
  CHECK(rig.lines() == 2 * lines_max + 1);
  CHECK(rig.written().find("warning x: event 8: skipped\n") != std::string::npos);
  rig.log.reset();
  CHECK(rig.written().find("warning x: 1 lines were dropped") != std::string::npos);
}

TEST_CASE("what was dropped last is told at the end") {
  Rig rig;
  for (std::ptrdiff_t i = 0; i < lines_max + 1; ++i)
    rig.log->write(LogLevel::info, "chatter", LogOrigin::plugin);
  rig.log.reset();
  CHECK(rig.written().find("x: 1 lines were dropped") != std::string::npos);
}

}  // namespace aludel
