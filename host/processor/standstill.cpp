// SPDX-License-Identifier: MIT
#include "processor/standstill.hpp"

#include <aludel/plugin.h>
#include <string>

namespace aludel {

ProcessorError handler_error(Stage stage, Outcome outcome, const HandlerError& error, std::int64_t now_ns) {
  return {
      .event_id = std::nullopt,
      .since_ns = now_ns,
      .attempt = 0,
      .outcome = std::string(to_string(outcome)),
      .stage = std::string(to_string(stage)),
      .code = error.code,
      .message = error.message,
      .detail_json = error.detail_json,
  };
}

ProcessorError host_error(std::string_view stage, const Error& error, std::int64_t now_ns) {
  return {
      .event_id = std::nullopt,
      .since_ns = now_ns,
      .attempt = 0,
      .outcome = "host",
      .stage = std::string(stage),
      .code = error.reason.empty() ? std::string(to_string(error.code)) : error.reason,
      .message = error.message,
  };
}

std::optional<FailingEvent> failing_event(const ProcessorError& error) {
  if (!error.event_id) return std::nullopt;
  const bool counts = error.attempt > 0 && error.outcome != to_string(Outcome::fatal);
  return FailingEvent{*error.event_id, counts || error.attempt == 0 ? error.attempt : error.attempt - 1,
                      error.first_failed_ns};
}

bool rehearses(std::uint32_t flags) {
  return (flags & ALUDEL_HANDLER_EXTERNAL) == 0 || (flags & ALUDEL_HANDLER_REHEARSES) != 0;
}

FailureKind failure_kind(Outcome outcome) {
  switch (outcome) {
    case Outcome::retry: return FailureKind::retry;
    case Outcome::fatal: return FailureKind::fatal;
    default: return FailureKind::fail;
  }
}

}  // namespace aludel
