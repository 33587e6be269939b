// SPDX-License-Identifier: MIT
#include "processor/standstill.hpp"

#include <string>

namespace aludel {

ProcessorError handler_error(Stage stage, Outcome outcome, const HandlerError& error,
                             std::optional<std::uint64_t> event_id, std::int64_t now_ns) {
  return {
      .event_id = event_id,
      .since_ns = now_ns,
      .attempt = event_id ? 1U : 0U,
      .outcome = std::string(to_string(outcome)),
      .stage = std::string(to_string(stage)),
      .code = error.code,
      .message = error.message,
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

FailureKind failure_kind(Outcome outcome) {
  switch (outcome) {
    case Outcome::retry: return FailureKind::retry;
    case Outcome::fatal: return FailureKind::fatal;
    default: return FailureKind::fail;
  }
}

}  // namespace aludel
