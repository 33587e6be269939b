// SPDX-License-Identifier: MIT
#include "runtime/log_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/duration.hpp"
#include "base/limits.hpp"
#include "base/os/futex.hpp"
#include "processor/ownership.hpp"
#include "processor/projection.hpp"
#include "runtime/cursor_mark.hpp"

namespace aludel {

namespace {

constexpr auto needs_none = std::numeric_limits<std::uint64_t>::max();

}  // namespace

LogKeeper::~LogKeeper() {
  if (!thread_.joinable()) return;
  parts_.log.sealed().raise();
  thread_.join();
}

void LogKeeper::start() {
  thread_ = std::thread([this] { work(); });
}

void LogKeeper::work() {
  auto& sealed = parts_.log.sealed();
  while (!sealed.raised()) {
    sealed.take_nudge();
    look();
    const auto next_look = std::chrono::steady_clock::now() + limits::retention_interval;
    while (!sealed.pending() && std::chrono::steady_clock::now() < next_look)
      os::futex_wait(sealed.word(), 0, os::Scope::process, next_look);
  }
}

void LogKeeper::look() {
  const auto done = drop();
  const auto why = done ? std::string() : done.error().message;
  if (why == std::exchange(told_, why) || done) return;
  parts_.host_log.write(LogLevel::error, {},
                        "drop what the log need not keep: " + why + "; it is tried again in " +
                            format_duration(limits::retention_interval));
}

Result<void> LogKeeper::drop() {
  const auto expendable = parts_.log.expendable(parts_.policy);
  if (!expendable) return expendable.error();
  std::vector<Held> all;
  auto held_from = needs_none;
  if (!expendable->segments.empty()) all = held();
  for (const auto& one : all)
    held_from = std::min(held_from, one.next.value_or(0));
  const auto begin = expendable->first;
  const auto end = expendable->keep_from(held_from);
  // Also if nothing is to be dropped now: an earlier drop may have been interrupted.
  const auto removed = parts_.log.drop_below(end);
  if (!removed) return removed.error();
  if (end > begin) tell_dropped(begin, end, all);
  if (expendable->ageless) return *expendable->ageless;
  return {};
}

// Only what survives a loss of power counts: the cursor must not fall back behind what is dropped.
std::vector<LogKeeper::Held> LogKeeper::held() const {
  std::vector<Held> all;
  for (const auto& holder : parts_.holders) {
    auto lock = os::FileLock::acquire(reset_lock(holder.directory));
    const auto mark = lock ? durable_cursor_mark(holder.directory) : Result<CursorMark>(lock.error());
    if (mark) {
      // In another log it has to begin anew, which is by a reset, too.
      const bool is_here = mark->log_id == parts_.log.log_id();
      all.push_back({&holder, is_here ? mark->next : needs_none, std::move(*lock)});
      continue;
    }
    const bool is_new = mark.error().code == ErrorCode::not_found;
    if (is_new && holder.starts_at_tip) continue;
    all.push_back({&holder, std::nullopt, std::nullopt});
    const bool is_reset = !lock && lock.error().code == ErrorCode::locked;
    if (is_new || is_reset) continue;
    parts_.host_log.write(
        LogLevel::warning, holder.name,
        "how far it has come cannot be told, so the log is kept for it: " + mark.error().message);
  }
  return all;
}

void LogKeeper::tell_dropped(std::uint64_t begin, std::uint64_t end, const std::vector<Held>& held) const {
  parts_.host_log.write(LogLevel::info, {}, "the log has dropped " + events_between(begin, end));
  for (const auto& one : held) {
    if (!one.next) {
      parts_.host_log.write(
          LogLevel::error, one.holder->name,
          "the log was over max_bytes, and has dropped " + events_between(begin, end) +
              ", which the processor still needed: it had not begun, or nobody can tell how far "
              "it has come");
      continue;
    }
    if (*one.next >= end || parts_.on_dropped(one.holder->name)) continue;
    parts_.host_log.write(LogLevel::error, one.holder->name,
                          "the log was over max_bytes, and has dropped " +
                              events_between(std::max(begin, *one.next), end) +
                              ", to which the processor had not come");
  }
}

}  // namespace aludel
