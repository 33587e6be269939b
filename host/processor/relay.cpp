// SPDX-License-Identifier: MIT
#include "processor/relay.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/duration.hpp"
#include "policy/backoff.hpp"
#include "processor/standstill.hpp"

namespace aludel {

namespace {

// No outage: another time it is over the same limit, or contradicts the same events.
bool is_refusal(ErrorCode code) {
  return code == ErrorCode::limit || code == ErrorCode::conflict || code == ErrorCode::invalid;
}

Error relaying(std::uint64_t sequence, const Error& error) {
  return error.within("relay emitted event " + std::to_string(sequence));
}

Error refusal(std::uint64_t sequence, const Error& error) {
  return {error.code,
          relaying(sequence, error).message +
              "; resume the processor once that is mended, or reset it, which gives up what is in its outbox",
          log_refuses};
}

}  // namespace

Result<void> Relay::run(const Interrupt& interrupt) {
  auto done = relay(interrupt);
  if (!before_) return done;
  // It is what it was before, and its own error, if it has one, counts again.
  const auto before = *std::exchange(before_, std::nullopt);
  parts_.teller.state().error = before.error;
  parts_.teller.tell(before.activity);
  return done;
}

Result<void> Relay::relay(const Interrupt& interrupt) {
  auto& projection = parts_.projection;
  for (bool synced = false;;) {
    const auto chunk = projection.outbox().first();
    if (!chunk) return chunk.error();
    if (chunk->empty() || interrupt.pending()) return {};
    if (failure_ && parts_.clock.now() < retry_at_) {
      if (auto waited = wait_to_retry(interrupt); !waited) return waited;
      continue;
    }
    if (parts_.teller.state().activity == Activity::offline) parts_.teller.running();
    // The log must not know what a loss of power takes back.
    if (!synced) {
      if (auto done = projection.sync(); !done) return done;
      synced = true;
    }
    const auto events = chunk->events(source_);
    const auto below = parts_.appender->append({events, producer_, chunk->sequence()}, interrupt);
    if (!below) {
      if (below.error().code == ErrorCode::stopped) return {};
      if (is_refusal(below.error().code)) return refusal(chunk->sequence(), below.error());
      note_failure(below.error(), *chunk);
      continue;
    }
    failure_.reset();
    if (auto begun = projection.begin(); !begun) return begun;
    auto removed = projection.outbox().remove_below(std::min(*below, chunk->end()));
    if (removed) removed = projection.commit();
    if (!removed) {
      (void)projection.rollback();
      return removed;
    }
  }
}

void Relay::note_failure(const Error& error, const OutboxChunk& chunk) {
  const auto attempt = failure_ ? failure_->attempt + 1 : 1;
  const auto delay = delay_after(Backoff{}, attempt);
  retry_at_ = parts_.clock.now() + delay;
  failure_ = host_error("relay", relaying(chunk.sequence(), error), parts_.clock.wall_ns());
  failure_->attempt = attempt;
  failure_->next_try_ns = failure_->since_ns + std::chrono::nanoseconds(delay).count();
  if (parts_.handler_log.enabled(LogLevel::warning)) {
    parts_.handler_log.write(LogLevel::warning,
                             failure_->message + "; tried again in " + format_delay(delay));
  }
}

Result<void> Relay::wait_to_retry(const Interrupt& interrupt) {
  if (!before_) before_ = parts_.teller.state();
  parts_.teller.retrying(*failure_);
  // No event wakes it: none has this id.
  const auto woken =
      parts_.log.wait(std::numeric_limits<std::uint64_t>::max(), interrupt, retry_at_ - parts_.clock.now());
  return woken ? Result<void>() : woken.error();
}

}  // namespace aludel
