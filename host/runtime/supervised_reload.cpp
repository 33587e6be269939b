// SPDX-License-Identifier: MIT
#include <utility>

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/sqlite.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"
#include "runtime/supervised.hpp"

namespace aludel {

namespace {

// Of the handler's tables; 0: there are none.
std::uint32_t tables_version(const std::filesystem::path& directory) {
  const auto database = Database::look(projection_link(directory), limits::short_look_time_max);
  if (!database) return 0;
  auto tables = HostTables::open(**database);
  if (!tables) return 0;
  const auto identity = tables->identity();
  return identity ? identity->projection_version : 0;
}

// The library, or the handler in it, rather than an event, the operator or the log.
bool is_to_blame(const std::optional<ProcessorState>& last) {
  if (!last || last->activity == Activity::refused || last->activity == Activity::offline) return true;
  return last->activity == Activity::stopped && !(last->error && last->error->event_id);
}

}  // namespace

void Supervised::reload(ProcessorSpec spec, ReloadDone done) {
  if (stopping_) return done(Error(ErrorCode::stopped, "the host ends"));
  ALUDEL_ASSERT(!reload_);
  reload_.emplace(Reload{std::move(spec), std::move(done), system_clock().now()});
  if (phase_ != Phase::at_work) return change_library(Reload::Stage::trial);
  worker_->stop();
  pause_ = reactor_.after(limits::stop_time_max, [this] { kill_stuck(limits::stop_time_max); });
}

// There is no worker now.
void Supervised::change_library(Reload::Stage stage) {
  reload_->stage = stage;
  if (stage == Reload::Stage::trial) reload_->tables = tables_version(setup_.spec.directory);
  std::swap(setup_.spec, reload_->other);
  deaths_ = 0;
  start();
}

// A worker has ended that was not asked for more than that, or could not be tried to its end.
// @return whether another one has taken its place
bool Supervised::goes_on_in_reload(const Worker::Ended& ended, const std::optional<ProcessorState>& last) {
  if (reload_->stage == Reload::Stage::leaving) {
    change_library(Reload::Stage::trial);
    return true;
  }
  if (reload_->stage == Reload::Stage::back || !is_to_blame(last)) return false;
  if (tables_version(setup_.spec.directory) != reload_->tables) return false;  // there is no way back
  reload_->failure = last && last->error ? describe(*last->error) : death(ended).message;
  change_library(Reload::Stage::back);
  return true;
}

// Its handler is up, or waits or stands still for what another library would, too.
bool Supervised::is_proven(const ProcessorState& state) const {
  if (reload_->stage == Reload::Stage::leaving) return false;
  return state.up || (state.activity != Activity::running && !is_to_blame(state));
}

void Supervised::settle_reload() {
  const auto reload = *std::exchange(reload_, std::nullopt);
  const auto pause = std::chrono::round<std::chrono::microseconds>(system_clock().now() - reload.ordered_at);
  if (!reload.failure.empty()) {
    return reload.done(Error(ErrorCode::refused, reload.failure + "; version " + setup_.spec.handler_version +
                                                     " stays, after " + format_pause(pause)));
  }
  if (stopping_) return reload.done(Error(ErrorCode::stopped, "the host ends"));
  Reloaded reloaded{name(), reload.other.handler_version, setup_.spec.handler_version, pause,
                    state_.activity};
  if (!reloaded.works() && state_.error) reloaded.why = describe(*state_.error);
  reload.done(std::move(reloaded));
}

}  // namespace aludel
