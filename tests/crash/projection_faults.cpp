// SPDX-License-Identifier: MIT
// Makes each call that SQLite makes for a processor fail in turn, on files and of the allocator:
// `./dev faults`.
#define DOCTEST_CONFIG_IMPLEMENT
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "processor/emit_rig.hpp"
#include "projection_session.hpp"

namespace aludel {

namespace {

using Of = SqliteFaults::Of;
using SqliteFault = ProjectionSession::SqliteFault;

struct Arguments {
  std::uint32_t workloads = 1;
  std::uint32_t seed = 1;           // of the first workload
  std::size_t one_in = 1;           // of the calls
  std::optional<std::size_t> call;  // this one alone
};

Arguments arguments;  // doctest's cases take none

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

// Lives through `life` for each call in turn. @return how many there were
template <typename Life>
std::size_t check_mode(const Mode& mode, const Life& life) {
  std::size_t checked = 0;
  const auto first = arguments.call ? *arguments.call : arguments.one_in / 2;
  for (auto passed = first;; passed += arguments.one_in) {
    const std::string fails(mode.name);
    CAPTURE(fails);
    CAPTURE(passed);
    if (life(SqliteFault{mode.what, passed, mode.lasts}) == 0) return checked;
    ++checked;
    if (arguments.call) return checked;
  }
}

class Tally {
 public:
  void count(std::size_t mode, std::size_t checked) { checked_[mode] += checked; }
  void print(const char* whose) const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < std::size(modes); ++i) {
      total += checked_[i];
      std::printf("%8zu  %s\n", checked_[i], std::string(modes[i].name).c_str());
      REQUIRE((checked_[i] > 0 || arguments.call));
    }
    std::printf("%8zu  calls of a %s failed in turn, all good\n", total, whose);
  }

 private:
  std::size_t checked_[std::size(modes)] = {};
};

template <typename Number>
bool read(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool take(std::string_view option, std::string_view value) {
  if (option == "--workloads") return read(value, arguments.workloads);
  if (option == "--seed") return read(value, arguments.seed);
  if (option == "--one-in") return read(value, arguments.one_in) && arguments.one_in > 0;
  return option == "--call" && read(value, arguments.call.emplace());
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
  Tally tally;
  for (std::uint32_t n = 0; n < arguments.workloads; ++n) {
    const auto seed = arguments.seed + n;
    CAPTURE(seed);
    ProjectionSession session(seed);
    (void)session.live();
    SqliteFaults faults;
    for (std::size_t i = 0; i < std::size(modes); ++i)
      tally.count(i, check_mode(modes[i], [&](const SqliteFault& fault) {
                    return session.check_fault(faults, fault);
                  }));
  }
  tally.print("processor");
}

TEST_CASE("no event of a plugin is blamed for a fault") {
  Tally tally;
  SqliteFaults faults;
  for (std::size_t i = 0; i < std::size(modes); ++i)
    tally.count(
        i, check_mode(modes[i], [&](const SqliteFault& fault) { return PluginLife().go(faults, fault); }));
  tally.print("plugin");
}

}  // namespace aludel

int main(int argc, char** argv) {
  aludel::SqliteFaults::take_over_allocator();
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && aludel::take(argv[i], argv[i + 1])) continue;
    std::fprintf(stderr, "usage: %s [--workloads N] [--seed S] [--one-in N] [--call N]\n", argv[0]);
    return 2;
  }
  doctest::Context context;
  context.setOption("no-intro", true);
  return context.run();
}
