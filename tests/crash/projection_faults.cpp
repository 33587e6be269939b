// SPDX-License-Identifier: MIT
// Makes each call that SQLite makes for a processor fail in turn, on files and of the allocator:
// `./dev faults`.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "fault_walk.hpp"
#include "processor/emit_rig.hpp"
#include "projection_session.hpp"
#include "read_number.hpp"

namespace aludel {

namespace {

using Of = SqliteFaults::Of;
using SqliteFault = ProjectionSession::SqliteFault;

// Doctest's cases take no arguments.
FaultWalk walk;
std::uint32_t workloads = 1;
std::uint32_t first_seed = 1;

struct Mode {
  std::string_view name;
  Of what;
  bool lasts;
};

constexpr Mode modes[] = {
    {"I/O", Of::io, false},
    {"I/O, lasting", Of::io, true},
    {"disk full", Of::disk_full, false},
    {"disk full, lasting", Of::disk_full, true},
    {"memory", Of::memory, false},
    {"memory, lasting", Of::memory, true},
};

// Lives through `life` for each call in turn, in each mode.
template <typename Life>
void fail_each_call(FaultTally& tally, const Life& life) {
  for (const auto& mode : modes) {
    const auto count = walk.for_each_call([&](std::size_t passed) {
      const std::string fails(mode.name);
      CAPTURE(fails);
      CAPTURE(passed);
      return life(SqliteFault{mode.what, passed, mode.lasts}) > 0;
    });
    tally.count(mode.name, count);
  }
}

// A plugin behind the bridge, that writes a row for each event, by `handle`, and emits one.
class PluginLife {
 public:
  PluginLife() {
    rig_.handle = [](aludel_call* call, const aludel_event* event) {
      const bool done =
          run_sql(call, PluginRig::insert, event->id) == ALUDEL_OK && emit(call, "echo") == ALUDEL_OK;
      return done ? ALUDEL_HANDLED : ALUDEL_FAIL;
    };
    rig_.policy.processor.strategy = Strategy::dead_letter;
    rig_.append(events);
  }

  // @return how many calls failed
  std::size_t go(SqliteFaults& faults, const SqliteFault& fault) {
    faults.fail_after(fault.what, fault.passed, fault.lasts ? std::numeric_limits<std::size_t>::max() : 1);
    for (int starts = 1;; ++starts) {
      REQUIRE(starts < 10);
      auto processor = rig_.open();
      const auto state = processor ? (*processor)->run(rig_.stop) : ProcessorState();
      if (processor) processor->reset();
      if (processor && !state.error) break;
      const auto code = processor ? state.error->code : std::string(to_string(processor.error().code));
      const auto message =
          processor ? state.error->stage + " " + state.error->outcome + ": " + describe(*state.error)
                    : processor.error().message;
      CAPTURE(message);
      REQUIRE((code == "io" || code == "disk_full" || code == "memory"));
      if (fault.lasts) failed_ += faults.heal();
    }
    failed_ += faults.heal();
    check_end();
    return failed_;
  }

 private:
  static constexpr int events = 9;

  void check_end() {
    const auto number = [this](const char* sql) { return Rig::number_in(rig_.directory(), sql); };
    REQUIRE(number("select count(*) from rows") == events);
    REQUIRE(number("select handled from _aludel_cursor") == events);
    REQUIRE(number("select count(*) from _aludel_letter") == 0);
    REQUIRE(number("select count(*) from _aludel_outbox") == 0);
    REQUIRE(rig_.log->tip() == 2 * events);
    REQUIRE(rig_.emitted() == "0>9 1>10 2>11 3>12 4>13 5>14 6>15 7>16 8>17");
  }

  EmitRig rig_;
  std::size_t failed_ = 0;
};

}  // namespace

TEST_CASE("a processor that stood still for a fault goes on as if there had been none") {
  FaultTally tally;
  for (std::uint32_t n = 0; n < workloads; ++n) {
    const auto seed = first_seed + n;
    CAPTURE(seed);
    ProjectionSession session(seed);
    (void)session.live();
    SqliteFaults faults;
    fail_each_call(tally, [&](const SqliteFault& fault) { return session.check_fault(faults, fault); });
  }
  REQUIRE((tally.print("processor") || walk.call));
}

TEST_CASE("no event of a plugin is blamed for a fault") {
  FaultTally tally;
  SqliteFaults faults;
  fail_each_call(tally, [&](const SqliteFault& fault) { return PluginLife().go(faults, fault); });
  REQUIRE((tally.print("plugin") || walk.call));
}

}  // namespace aludel

int main(int argc, char** argv) {
  using namespace aludel;
  SqliteFaults::take_over_allocator();
  const auto take = [](std::string_view option, std::string_view value) {
    if (option == "--workloads") return read_number(value, workloads);
    return option == "--seed" && read_number(value, first_seed);
  };
  if (!walk.read(argc, argv, " [--workloads N] [--seed S]", take)) return 2;
  doctest::Context context;
  context.setOption("no-intro", true);
  return context.run();
}
