// SPDX-License-Identifier: MIT
#include "runtime/processor_task.hpp"

#include <fstream>
#include <string>

#include "log/segment_log.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

struct NoLog final : HandlerLog {
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, LogOrigin) override {}
};

struct Rig {
  TempDir dir;
  ProcessorSpec spec;

  Rig() {
    spec.name = std::string("x");  // GCC 12 warns falsely of an assigned literal
    spec.directory = dir.path() / "x";
    spec.host_directory = dir.path() / "host";
    spec.log = dir.path() / "log";
    spec.library = dir.path() / "plugin.so";
    std::filesystem::create_directory(spec.directory);
    std::ofstream(spec.library) << "no library";
  }

  ProcessorState run() const {
    NoLog log;
    const Interrupt stop;
    return run_processor(
        spec, log, [](const ProcessorState&) {}, stop, nullptr);
  }
};

}  // namespace

TEST_CASE("a plugin that cannot be loaded is refused") {
  const Rig rig;
  OpenOptions options;
  options.dir = rig.spec.log;
  REQUIRE(SegmentLog::open(options));
  const auto state = rig.run();
  CHECK(state.activity == Activity::refused);
  REQUIRE(state.error);
  CHECK(state.error->code == "not_a_library");
}

TEST_CASE("a log that cannot be read only stops the processor, as that may pass") {
  const Rig rig;
  const auto state = rig.run();
  CHECK(state.activity == Activity::stopped);
  REQUIRE(state.error);
  CHECK(state.error->code == "not_found");
}

}  // namespace aludel
