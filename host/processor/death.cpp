// SPDX-License-Identifier: MIT
#include "processor/death.hpp"

#include <chrono>
#include <csignal>
#include <string>

#include "base/byte_size.hpp"
#include "base/duration.hpp"
#include "base/json_writer.hpp"
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
    case SIGPIPE:  // of a pipe of the handler's: nobody sends it
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP: return true;
    default: return false;
  }
}

std::string in_words(const ProcessEnd& end) {
  const auto number = static_cast<int>(end.value);
  switch (end.kind) {
    case Kind::exited: return os::ExitStatus{number, 0}.describe();
    case Kind::signalled: return os::ExitStatus{0, number}.describe();
    case Kind::timed_out:
      return "a call took over " + format_duration(std::chrono::milliseconds(end.value)) + " and was killed";
    case Kind::over_cpu_time:
      return "a call took over " + format_duration(std::chrono::milliseconds(end.value)) +
             " of CPU time and was killed";
    case Kind::over_memory:
      return "reached its limit of " + format_byte_size(end.value * limits::MiB) + " of memory";
    case Kind::over_threads: return "had more than its " + std::to_string(end.value) + " threads";
    case Kind::over_files: return "had all of its " + std::to_string(end.value) + " files open";
    case Kind::cut_off: return "closed or broke its connection to the host and was killed";
    case Kind::unseen: break;
  }
  return "ended with its host";
}

std::string_view code_of(Kind kind) {
  switch (kind) {
    case Kind::timed_out: return "timed_out";
    case Kind::over_cpu_time: return "cpu_limit";
    case Kind::over_memory: return "memory_limit";
    case Kind::over_threads: return "thread_limit";
    case Kind::over_files: return "file_limit";
    default: return "crashed";
  }
}

std::string detail_of(const Death& death) {
  if (death.output.empty()) return {};
  const auto signal = death.end.kind == Kind::signalled
                          ? "\"signal\":" + std::to_string(death.end.value) + ","
                          : std::string();
  return "{" + signal + "\"output\":" + json_string(death.output) + "}";
}

}  // namespace

bool Death::is_fault() const {
  switch (end.kind) {
    case Kind::exited:
    case Kind::timed_out:
    case Kind::over_cpu_time:
    case Kind::over_memory:
    case Kind::over_threads:
    case Kind::over_files:
    case Kind::cut_off: return true;
    case Kind::signalled: return is_fault_signal(end.value);
    case Kind::unseen: return false;
  }
  return false;  // a page may hold anything
}

bool Death::counts() const {
  if (attempt == 0) return false;
  return is_fault() || interruptions >= limits::interruptions_max;
}

std::uint64_t Death::end_of_batch() const {
  const auto call = static_cast<Stage>(stage);
  return call == Stage::flush || call == Stage::rolled_back ? event_id + 1 : 0;
}

bool Death::is_ahead(std::uint64_t next, const std::optional<FailingEvent>& failing) const {
  if (event_id < next) return false;
  return attempt == 0 || attempt == next_attempt(failing, event_id);
}

ProcessorError failure_by(const Death& death, std::int64_t now_ns) {
  const bool interrupted = death.interruptions > 0;
  const std::string stage(to_string(static_cast<Stage>(death.stage)));
  ProcessorError error;
  error.event_id = death.event_id;
  error.since_ns = now_ns;
  error.attempt = death.attempt;
  error.outcome = to_string(Outcome::fail);
  error.stage = stage;
  error.code = interrupted ? "interrupted" : code_of(death.end.kind);
  if (interrupted) {
    error.message = "interrupted " + std::to_string(death.interruptions) + " times in a row, at last ";
  }
  error.message += in_words(death.end) + " in " + stage;
  error.detail_json = detail_of(death);
  return error;
}

}  // namespace aludel
