// SPDX-License-Identifier: MIT
#include "processor/bring_up.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/limits.hpp"
#include "policy/backoff.hpp"
#include "processor/relay.hpp"
#include "processor/standstill.hpp"

namespace aludel {

BringUp::End BringUp::run(const std::string& config_json, const Interrupt& stop) {
  earlier_ = parts_.teller.state().error;
  if (create(config_json, stop) && migrate(stop) && start(stop) && note_up()) return End::up;
  return standstill_ ? End::standstill : End::interrupted;
}

template <typename Function>
Outcome BringUp::call(Stage stage, const Function& function) {
  parts_.page.enter(static_cast<std::uint32_t>(stage), 0, 0);
  const auto outcome = function();
  parts_.page.leave();
  return outcome;
}

// Attempts until the outcome is another than retry; nothing if that was interrupted or cannot go on.
template <typename Attempt>
std::optional<Outcome> BringUp::persist(Stage stage, const Interrupt& stop, const Attempt& attempt) {
  for (std::uint32_t number = 1;; ++number) {
    const std::optional<Outcome> outcome = attempt();
    if (outcome != Outcome::retry) return outcome;
    if (!pause(stage, number, stop)) return std::nullopt;
  }
}

bool BringUp::create(const std::string& config_json, const Interrupt& stop) {
  const auto attempt = [&]() -> std::optional<Outcome> {
    // An instance is created once.
    if (!parts_.instance) {
      auto made = parts_.make_instance(parts_.context);
      if (!made) {
        stand_still(Activity::refused, host_error("create", made.error(), parts_.clock.wall_ns()));
        return std::nullopt;
      }
      parts_.instance = std::move(*made);
    }
    return call(Stage::create, [&] { return parts_.instance->create(config_json); });
  };
  const auto outcome = persist(Stage::create, stop, attempt);
  if (!outcome) return false;
  return *outcome == Outcome::handled || handler_failed(Activity::refused, Stage::create, *outcome);
}

bool BringUp::migrate(const Interrupt& stop) {
  const auto identity = parts_.projection.tables().identity();
  if (!identity)
    return stand_still(Activity::stopped, host_error("migrate", identity.error(), parts_.clock.wall_ns()));
  const auto from = identity->projection_version;
  const auto to = parts_.instance->description().projection_version;
  if (from > to) {
    const Error newer(ErrorCode::refused,
                      "open the projection " + parts_.projection.database().path().string() +
                          ": its tables are of version " + std::to_string(from) + ", this handler (" +
                          parts_.instance->description().version + ") knows version " + std::to_string(to) +
                          ": use the newer handler, or the config, that made them, or begin anew with "
                          "`processor reset`",
                      "newer_projection");
    return stand_still(Activity::refused, host_error("migrate", newer, parts_.clock.wall_ns()));
  }
  if (from == to) return true;
  const auto outcome = persist(Stage::migrate, stop, [&] { return migrate_once(from, to); });
  if (!outcome) return false;
  return *outcome == Outcome::handled || handler_failed(Activity::stopped, Stage::migrate, *outcome);
}

// The handler's tables and the note of their version, in one transaction.
std::optional<Outcome> BringUp::migrate_once(std::uint32_t from, std::uint32_t to) {
  auto& projection = parts_.projection;
  const auto broken = [&](const Error& error) {
    (void)projection.rollback();
    stand_still(Activity::stopped, host_error("migrate", error, parts_.clock.wall_ns()));
    return std::nullopt;
  };
  if (auto begun = projection.begin(); !begun) return broken(begun.error());
  const auto outcome = call(Stage::migrate, [&] { return parts_.instance->migrate(from, to); });
  if (outcome != Outcome::handled) {
    if (auto undone = projection.rollback(); !undone) return broken(undone.error());
    return outcome;
  }
  auto noted = projection.tables().note_handler(parts_.instance->description(), to);
  if (noted) noted = projection.commit();
  if (!noted) return broken(noted.error());
  parts_.teller.state().handler_version = parts_.instance->description().version;
  return outcome;
}

bool BringUp::start(const Interrupt& stop) {
  const auto outcome = persist(Stage::start, stop, [&]() -> std::optional<Outcome> {
    return call(Stage::start, [&] { return parts_.instance->start(); });
  });
  if (!outcome) return false;
  started_ = *outcome == Outcome::handled;
  return started_ || handler_failed(Activity::stopped, Stage::start, *outcome);
}

// The version that is up, with what it subscribes to; and an earlier standstill that is about no event may
// have been overcome. What it was brought up in spite of counts again.
bool BringUp::note_up() {
  auto& projection = parts_.projection;
  auto& tables = projection.tables();
  auto& state = parts_.teller.state();
  const auto& about = parts_.instance->description();
  const bool refused = earlier_ && earlier_->code == log_refuses && projection.outbox().may_hold();
  const auto first = parts_.log.first();
  const bool expired = first && state.next < *first;
  const bool overcome = parts_.overcomes && earlier_ && !earlier_->event_id && !refused && !expired;
  const auto known = tables.subscriptions();
  const bool subscribed = known && *known == about.subscriptions;
  state.error = overcome ? std::nullopt : earlier_;
  if (!overcome && subscribed && state.handler_version == about.version) return true;
  auto noted = projection.begin();
  if (noted) noted = tables.note_handler(about, about.projection_version);
  if (noted && overcome) noted = tables.clear_standstill();
  if (noted) noted = projection.commit();
  if (!noted) {
    (void)projection.rollback();
    return stand_still(Activity::stopped, host_error("start", noted.error(), parts_.clock.wall_ns()));
  }
  state.handler_version = about.version;
  return true;
}

bool BringUp::pause(Stage stage, std::uint32_t attempt, const Interrupt& stop) {
  const auto& asked = parts_.instance->error();
  const auto after = std::min<std::chrono::milliseconds>(asked.retry_after, limits::retry_after_max);
  const auto delay = std::max(delay_after(Backoff{}, attempt), after);
  auto error = handler_error(stage, Outcome::retry, asked, parts_.clock.wall_ns());
  error.attempt = attempt;
  error.next_try_ns = error.since_ns + std::chrono::nanoseconds(delay).count();
  parts_.teller.state().error = std::move(error);
  parts_.teller.tell(Activity::retrying);
  if (stage == Stage::create) parts_.instance.reset();
  // No event wakes it: none has this id.
  const auto woken = parts_.log.wait(std::numeric_limits<std::uint64_t>::max(), stop, delay);
  if (!woken)
    return stand_still(Activity::stopped, host_error("read", woken.error(), parts_.clock.wall_ns()));
  return !stop.pending();
}

bool BringUp::handler_failed(Activity activity, Stage stage, Outcome outcome) {
  return stand_still(activity,
                     handler_error(stage, outcome, parts_.instance->error(), parts_.clock.wall_ns()));
}

bool BringUp::stand_still(Activity activity, ProcessorError error) {
  standstill_ = Standstill{activity, std::move(error)};
  // On a full or broken disk this may fail as well; why it stands still is told all the same.
  (void)parts_.projection.record(*standstill_);
  return false;
}

}  // namespace aludel
