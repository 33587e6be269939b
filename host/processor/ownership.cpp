// SPDX-License-Identifier: MIT
#include "processor/ownership.hpp"

#include <string>

namespace aludel {

namespace {

Standstill because(Activity activity, ErrorCode code, const std::string& message, const char* reason,
                   std::int64_t now_ns) {
  return {activity, host_error("open", Error(code, "open the projection: " + message, reason), now_ns)};
}

constexpr const char* remedy =
    ": restore the log and the processors of one backup, or reset the processor: then it is made anew from "
    "the "
    "log that is there, and a handler that emits does so for all of its events, again for those that it had";

}  // namespace

std::optional<Standstill> check_ownership(const ProjectionIdentity& identity, const Position& position,
                                          std::string_view handler_id, EventReader& log,
                                          std::int64_t now_ns) {
  if (identity.handler_id != handler_id) {
    return because(Activity::refused, ErrorCode::conflict,
                   "it belongs to the handler " + identity.handler_id + ", not to " +
                       std::string(handler_id) + ": give this handler a processor of another name",
                   "other_handler", now_ns);
  }
  if (identity.log_id != log.log_id()) {
    return because(Activity::diverged, ErrorCode::conflict,
                   "it was made from log " + identity.log_id.to_string() + ", this is log " +
                       log.log_id().to_string() + remedy,
                   "other_log", now_ns);
  }
  if (position.next > log.tip()) {
    return because(Activity::diverged, ErrorCode::conflict,
                   "it has handled events up to " + std::to_string(position.next - 1) +
                       ", the log ends before event " + std::to_string(log.tip()) +
                       ": it was restored from an older copy, or a power loss took its end under sync = "
                       "\"normal\"" +
                       remedy,
                   "cursor_beyond_tip", now_ns);
  }
  if (position.next == 0) return std::nullopt;
  const auto fingerprint = log.block_fingerprint(position.next - 1);
  // That was dropped: there is nothing left to compare with.
  if (!fingerprint && fingerprint.error().code == ErrorCode::not_found) return std::nullopt;
  if (!fingerprint) return Standstill{Activity::stopped, host_error("read", fingerprint.error(), now_ns)};
  if (*fingerprint != position.fingerprint) {
    return because(Activity::diverged, ErrorCode::conflict,
                   "event " + std::to_string(position.next - 1) +
                       " of the log is not the one that it has handled: the log was restored from an older "
                       "copy, or a power loss took its end under sync = \"normal\", and others were appended "
                       "since" +
                       remedy,
                   "history_differs", now_ns);
  }
  return std::nullopt;
}

std::optional<Standstill> check_expiry(const Position& position, EventReader& log, std::int64_t now_ns) {
  const auto first = log.first();
  if (!first) return Standstill{Activity::stopped, host_error("read", first.error(), now_ns)};
  if (position.next >= *first) return std::nullopt;
  return expired(position.next, *first, now_ns);
}

Standstill expired(std::uint64_t next, std::uint64_t first, std::int64_t now_ns) {
  const Error error(ErrorCode::not_found,
                    "it will never handle " + events_between(next, first) +
                        ": the log has dropped them before the processor had come to them: `processor skip` "
                        "goes on behind them, `processor reset` begins anew with event " +
                        std::to_string(first),
                    "dropped");
  return {Activity::expired, host_error("read", error, now_ns)};
}

std::string events_between(std::uint64_t begin, std::uint64_t end) {
  if (end - begin == 1) return "event " + std::to_string(begin);
  return "events " + std::to_string(begin) + " to " + std::to_string(end - 1) + " (" +
         std::to_string(end - begin) + ")";
}

}  // namespace aludel
