// SPDX-License-Identifier: MIT
#include "processor/death.hpp"

#include <chrono>
#include <csignal>
#include <string>

#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/os/process.hpp"
#include "plugin/instance.hpp"

namespace aludel {

namespace {

using Kind = ProcessEnd::Kind;

// Raised by what the process itself did. Any other comes from outside.
bool is_fault_signal(std::uint32_t signal) {
  switch (static_cast<int>(signal)) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP: return true;
    default: return false;
  }
}

bool is_fault(const ProcessEnd& end) {
  switch (end.kind) {
    case Kind::exited:
    case Kind::timed_out:
    case Kind::cut_off: return true;
    case Kind::signalled: return is_fault_signal(end.value);
    case Kind::unseen: return false;
  }
  return false;  // a page may hold anything
}

std::string in_words(const ProcessEnd& end) {
  const auto number = static_cast<int>(end.value);
  switch (end.kind) {
    case Kind::exited: return os::ExitStatus{number, 0}.describe();
    case Kind::signalled: return os::ExitStatus{0, number}.describe();
    case Kind::timed_out:
      return "a call took over " + format_duration(std::chrono::milliseconds(end.value)) + " and was killed";
    case Kind::cut_off: return "closed its connection to the host and was killed";
    case Kind::unseen: break;
  }
  return "ended with its host";
}

}  // namespace

bool Death::counts() const {
  if (call.attempt == 0) return false;
  return is_fault(end) || interruptions >= limits::interruptions_max;
}

std::uint64_t Death::end_of_batch() const {
  const auto stage = static_cast<Stage>(call.stage);
  const bool of_batch = call.attempt == 0 && (stage == Stage::flush || stage == Stage::rolled_back);
  return of_batch ? call.event_id + 1 : 0;
}

std::optional<Death> read_death(const std::filesystem::path& page) {
  const auto before = InFlightPage::view(page);
  if (!before) return std::nullopt;
  const auto call = (*before)->read();
  if (!call || call->stage == 0) return std::nullopt;
  Death death{*call, (*before)->end(), 0};
  if (call->attempt == 0 || is_fault(death.end)) return death;
  const auto earlier = (*before)->interruptions();
  const bool again = earlier.event_id == call->event_id && earlier.attempt == call->attempt;
  death.interruptions = (again ? earlier.count : 0) + 1;
  return death;
}

ProcessorError failure_by(const Death& death, std::int64_t now_ns) {
  const bool interrupted = death.interruptions > 0;
  const std::string stage(to_string(static_cast<Stage>(death.call.stage)));
  ProcessorError error;
  error.event_id = death.call.event_id;
  error.since_ns = now_ns;
  error.attempt = death.call.attempt;
  error.outcome = to_string(Outcome::fail);
  error.stage = stage;
  error.code = interrupted ? "interrupted" : death.end.kind == Kind::timed_out ? "timed_out" : "crashed";
  if (interrupted) {
    error.message = "interrupted " + std::to_string(death.interruptions) + " times in a row, at last ";
  }
  error.message += in_words(death.end) + " in " + stage;
  return error;
}

}  // namespace aludel
