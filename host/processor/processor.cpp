// SPDX-License-Identifier: MIT
#include "processor/processor.hpp"

#include <algorithm>
#include <utility>

#include "base/os/lock.hpp"
#include "processor/automatic_replay.hpp"
#include "processor/batch.hpp"
#include "processor/bring_up.hpp"
#include "processor/command_runner.hpp"
#include "processor/death.hpp"
#include "processor/feed.hpp"
#include "processor/ownership.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"
#include "processor/replayer.hpp"
#include "processor/state_teller.hpp"
#include "processor/worker.hpp"

namespace aludel {

namespace {

class OwnedProcessor final : public Processor {
 public:
  OwnedProcessor(Options options, Environment environment, os::FileLock lock)
      : options_(std::move(options)),
        environment_(std::move(environment)),
        lock_(std::move(lock)),
        teller_(environment_.on_state),
        breaker_(options_.breaker) {
    options_.batch_size = std::clamp<std::uint64_t>(options_.batch_size, 1, limits::batch_size_max);
    if (options_.start == Start::again) options_.verdict.reset();
  }

  Result<void> open();
  ProcessorState run(const Interrupt& stop) override;

 private:
  Result<void> open_projection();
  bool may_begin();
  Result<void> make_instance();
  Result<void> load();
  [[nodiscard]] std::optional<Standstill> strangeness() const;
  Result<void> take_up_replays();
  void look_for_drop();
  Instance::Context context();

  // A run, in the order of its steps.
  bool apply_commands();
  [[nodiscard]] bool rests() const { return standstill_ || stands_ || paused_; }
  bool bring_up(bool works, const Interrupt& stop);
  void tell_of_idle_types();
  LetterDelivery letter_delivery();
  bool death_is_ahead();
  bool replay(const Interrupt& stop);
  void replay_due(const Interrupt& stop);
  void work(const Interrupt& stop);
  bool relay(const Interrupt& stop);
  void stop_handler();
  void take_down();
  void forget_death();
  void stand_still(Standstill standstill);

  Options options_;
  Environment environment_;
  os::FileLock lock_;
  StateTeller teller_;
  std::unique_ptr<InFlightPage> page_;
  std::optional<Death> death_;              // of a process before this one; null: it no longer matters
  std::unique_ptr<Projection> projection_;  // null: it cannot be opened
  std::optional<AutomaticReplay> replays_due_;
  std::unique_ptr<Instance> instance_;  // its statements go before the projection
  std::unique_ptr<CommandQueue> commands_;
  std::optional<Relay> relay_;
  std::optional<std::uint32_t> handler_flags_;  // null: no instance could be made yet
  Cursor cursor_;
  std::uint64_t rebuild_below_ = 0;
  Breaker breaker_;
  std::optional<Worker::Time> retry_at_;  // of a wait that a round or a command has ended
  bool started_ = false;                  // the handler's `stop` is owed
  bool paused_ = false;
  bool replays_ = false;                  // letters are chosen for the handler
  std::optional<Standstill> stands_;      // since an earlier run; a command may make it go on
  std::optional<Standstill> standstill_;  // since this one
};

Result<void> OwnedProcessor::open() {
  death_ = read_death(options_.directory / "page");
  if (death_ && death_->end.kind != ProcessEnd::Kind::unseen) death_->output = options_.death_output;
  auto page = InFlightPage::create(options_.directory / "page", death_);
  if (!page) return page.error();
  page_ = std::move(*page);
  if (auto opened = open_projection(); !opened || standstill_) return opened;
  if (!projection_->initialised() && !may_begin()) return {};
  auto commands = CommandQueue::open(options_.directory);
  if (!commands) return commands.error();
  commands_ = std::move(*commands);
  if (auto made = make_instance(); !made) return made;
  if (!projection_->initialised()) return {};
  if (auto loaded = load(); !loaded) return loaded;
  return take_up_replays();
}

Result<void> OwnedProcessor::open_projection() {
  auto projection = Projection::open(options_.directory);
  if (projection) {
    projection_ = std::move(*projection);
    replays_due_.emplace(
        AutomaticReplay::Parts{*projection_, *page_, environment_.handler_log, environment_.clock},
        options_.replay);
    return {};
  }
  if (projection.error().code != ErrorCode::unsupported) return projection.error();
  stand_still({Activity::refused, host_error("open", projection.error(), environment_.clock.wall_ns())});
  return {};
}

// Where it begins cannot be told before the time has come: until then it has no projection, and keeps
// nothing.
bool OwnedProcessor::may_begin() {
  const auto now_ns = environment_.clock.wall_ns();
  const auto& start = options_.start_at;
  if (start.kind != StartAt::Kind::time || start.time_ns <= now_ns) return true;
  Standstill not_yet{Activity::retrying, host_error("open", not_come(start), now_ns)};
  not_yet.error.next_try_ns = start.time_ns;
  stand_still(std::move(not_yet));
  return false;
}

Result<void> OwnedProcessor::make_instance() {
  auto instance = environment_.make_instance(context());
  if (!instance) {
    if (instance.error().code == ErrorCode::memory) return instance.error();
    stand_still({Activity::refused, host_error("create", instance.error(), environment_.clock.wall_ns())});
    return {};
  }
  instance_ = std::move(*instance);
  handler_flags_ = instance_->description().flags;
  if (projection_->initialised()) return {};
  const auto start = resolve(options_.start_at, environment_.log);
  if (!start) return start.error();
  const ProjectionIdentity identity{
      .handler_id = instance_->description().id,
      .handler_version = instance_->description().version,
      .projection_version = 0,
      .log_id = environment_.log.log_id(),
      .producer_id = Uuid::random(),
  };
  return projection_->initialise(identity, *start);
}

// What the projection says.
Result<void> OwnedProcessor::load() {
  auto& tables = projection_->tables();
  const auto identity = tables.identity();
  if (!identity) return identity.error();
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  auto earlier = tables.standstill();
  if (!earlier) return earlier.error();
  if (options_.verdict) *earlier = options_.verdict;
  const auto control = tables.control();
  if (!control) return control.error();
  cursor_ = *cursor;
  paused_ = control->paused_ns.has_value();
  rebuild_below_ = control->rebuild_below;
  if (!relay_) {
    relay_.emplace(Relay::Parts{*projection_, environment_.appender, environment_.log, environment_.clock,
                                teller_, environment_.handler_log},
                   options_.name, identity->producer_id.to_string());
  }
  auto& state = teller_.state();
  state.handler_id = identity->handler_id;
  state.handler_version = identity->handler_version;
  state.next = cursor_.position.next;
  state.handled = cursor_.handled;
  state.skipped = cursor_.skipped;
  state.dead_letters = cursor_.dead_letters;
  state.error.reset();
  if (*earlier) state.error = (*earlier)->error;
  // By a process before this one.
  const bool tripped = *earlier && (*earlier)->activity == Activity::tripped;
  if (tripped && breaker_.state() == Breaker::State::closed) breaker_.open();
  const bool stays = options_.start != Start::again && *earlier && !is_wait((*earlier)->activity);
  stands_ = stays ? std::move(*earlier) : std::nullopt;
  // Another version of the handler may well do better: it has all its attempts before it.
  if (instance_ && identity->handler_version != instance_->description().version) {
    forget_death();
    if (state.error) state.error->attempt = 0;
    if (state.error) state.error->next_try_ns.reset();
  }
  return {};
}

// Why the projection is not this handler's, or not of this log.
std::optional<Standstill> OwnedProcessor::strangeness() const {
  const auto now_ns = environment_.clock.wall_ns();
  const auto identity = projection_->tables().identity();
  if (!identity) return Standstill{Activity::stopped, host_error("open", identity.error(), now_ns)};
  const auto& handler = instance_ ? instance_->description().id : identity->handler_id;
  return check_ownership(*identity, cursor_.position, handler, environment_.log, now_ns);
}

// Nothing is written into a projection that is not this handler's.
Result<void> OwnedProcessor::take_up_replays() {
  return standstill_ || strangeness() ? Result<void>() : replays_due_->take_up(death_);
}

// Whatever it does or stands still for: what it was to handle next may be gone meanwhile.
void OwnedProcessor::look_for_drop() {
  if (standstill_ || !projection_ || !projection_->initialised() || strangeness()) return;
  auto gone = check_expiry(cursor_.position, environment_.log, environment_.clock.wall_ns());
  if (gone) stand_still(std::move(*gone));
}

Instance::Context OwnedProcessor::context() {
  return {
      .processor = options_.name,
      .log_id = environment_.log.log_id(),
      .projection = &projection_->database(),
      .log = &environment_.handler_log,
      .emits = &projection_->outbox(),
      .allowance = options_.allowance,
  };
}

ProcessorState OwnedProcessor::run(const Interrupt& stop) {
  while (!stop.raised()) {
    stop.take_nudge();
    if (!apply_commands()) break;
    look_for_drop();
    if (!started_ && !relay(stop)) continue;
    const bool works = !rests() && options_.start != Start::commands_only;
    if ((works || replays_) && !started_ && !bring_up(works, stop)) {
      if (standstill_ || !stop.nudged()) break;
      take_down();
      continue;
    }
    if (replays_ && !(works && death_is_ahead())) {
      if (replay(stop)) continue;  // there may be commands behind it
    }
    if (works && !rests() && !stop.pending()) work(stop);
    if (works && !rests() && !stop.pending()) replay_due(stop);
    if (relay(stop) && (!works || rests())) break;
  }
  // Its end comes after the last word: what it still does then changes nothing.
  stop_handler();
  const auto& at_rest = standstill_ ? standstill_ : stands_;
  if (at_rest) teller_.state().error = at_rest->error;
  const bool shows_pause = paused_ && !standstill_;
  teller_.tell(shows_pause ? Activity::paused : at_rest ? at_rest->activity : Activity::offline);
  return teller_.state();
}

// At an event boundary. @return whether the run goes on
bool OwnedProcessor::apply_commands() {
  if (!projection_ || !projection_->initialised()) return !standstill_;
  CommandRunner runner({*projection_, *commands_, environment_.log, environment_.handler_log,
                        environment_.clock, handler_flags_, options_.verdict});
  auto asked = runner.apply(started_);
  if (asked && asked->needs_reset) {
    take_down();
    asked = runner.apply(false);
  }
  if (asked && asked->begins_anew) forget_death();
  if (asked && asked->goes_on) {
    options_.verdict.reset();
    if (breaker_.state() != Breaker::State::closed) {
      environment_.handler_log.write(LogLevel::info, "the breaker is closed, by a command");
    }
    breaker_.close();
    relay_.reset();  // for one that tries at once; a reset may have made it another producer
  }
  auto loaded = asked ? load() : Result<void>(asked.error());
  if (!loaded) {
    stand_still({Activity::stopped, host_error("command", loaded.error(), environment_.clock.wall_ns())});
    return false;
  }
  replays_ = asked->needs_replay;
  if (asked->goes_on) standstill_.reset();
  return true;
}

// @param works else it is brought up for a replay alone, which overcomes nothing that it stands still for
bool OwnedProcessor::bring_up(bool works, const Interrupt& stop) {
  if (!instance_) {
    const auto made = make_instance();
    if (!made)
      stand_still({Activity::stopped, host_error("create", made.error(), environment_.clock.wall_ns())});
    if (standstill_) return false;
  }
  if (auto strange = strangeness()) {
    stand_still(std::move(*strange));
    return false;
  }
  teller_.tell(Activity::running);
  BringUp bring_up({instance_, environment_.make_instance, context(), *projection_, *page_, environment_.log,
                    environment_.clock, teller_, works});
  const auto end = bring_up.run(options_.config_json, stop);
  started_ = bring_up.started();
  if (end == BringUp::End::standstill) standstill_ = bring_up.standstill();
  if (end != BringUp::End::up) return false;
  tell_of_idle_types();
  teller_.state().up = true;
  teller_.tell(Activity::running);
  return true;
}

// A handler that subscribes in `create` has said only now to what.
void OwnedProcessor::tell_of_idle_types() {
  const auto& handler = instance_->description();
  for (const auto& type : options_.types) {
    if (overlaps_any(handler.subscriptions, type)) continue;
    const auto name = type.type + (type.kind == Subscription::Kind::exact ? "" : "*");
    environment_.handler_log.write(LogLevel::warning, "types names \"" + name + "\", to which " + handler.id +
                                                          " does not subscribe: nothing of it arrives");
  }
}

LetterDelivery OwnedProcessor::letter_delivery() {
  return LetterDelivery({*instance_, *projection_, *page_, environment_.clock, rebuild_below_});
}

// An event that a process died at goes before letters: in one of them this one may die too, and the page has
// room for one death.
bool OwnedProcessor::death_is_ahead() {
  const auto& error = teller_.state().error;
  return death_ && death_->is_ahead(cursor_.position.next, error ? failing_event(*error) : std::nullopt);
}

// @return false: it cannot go on with it
bool OwnedProcessor::replay(const Interrupt& stop) {
  teller_.running();
  const auto replayed = [&]() -> Result<void> {
    const auto control = projection_->tables().control();
    if (!control) return control.error();
    const auto command = commands_->next(control->unfinished - 1);
    if (!command) return command.error();
    if (!*command || (*command)->id != control->unfinished) {
      auto ended =
          end_replay(*projection_, control->unfinished, "what it asked for was lost: give the command again");
      return ended ? load() : ended;
    }
    Replayer replayer(
        {*projection_, *relay_, instance_->description(), environment_.handler_log, environment_.clock},
        letter_delivery(), death_);
    auto done = replayer.run(**command, stop);
    if (!death_) page_->forget_death();
    if (!done) return done;
    return load();
  }();
  if (replayed) return true;
  (void)projection_->rollback();
  stand_still({Activity::stopped, host_error("replay", replayed.error(), environment_.clock.wall_ns())});
  return false;
}

// Letters whose time has come, without an order.
void OwnedProcessor::replay_due(const Interrupt& stop) {
  if (!replays_due_->is_due()) return;
  teller_.running();
  const auto end = replays_due_->round(letter_delivery(), instance_->description().version, stop);
  const auto loaded = end ? load() : Result<void>(end.error());
  if (loaded && !*end) return;
  (void)projection_->rollback();
  stand_still(loaded ? **end
                     : Standstill{Activity::stopped,
                                  host_error("replay", loaded.error(), environment_.clock.wall_ns())});
}

void OwnedProcessor::work(const Interrupt& stop) {
  const auto earlier = teller_.state().error;
  Feed feed(environment_.log, TypeFilter(instance_->description().subscriptions, options_.types));
  Batch batch({*instance_, *projection_, *page_, environment_.clock}, cursor_,
              earlier ? failing_event(*earlier) : std::nullopt, options_.batch_size,
              options_.allowance.transaction_size);
  Worker worker({environment_.log, feed, batch, *projection_, *relay_, environment_.clock, teller_,
                 environment_.handler_log, *replays_due_, breaker_},
                {options_.batch_size, options_.error_policy, rebuild_below_, retry_at_, death_, replays_});
  standstill_ = worker.run(earlier, stop);
  retry_at_ = worker.retry_at();
  cursor_ = batch.cursor();
  teller_.committed(cursor_, batch.failing().has_value());
}

// What was emitted goes into the log, whatever keeps the processor itself from going on.
// @return false: it was interrupted
bool OwnedProcessor::relay(const Interrupt& stop) {
  const bool refused = standstill_ && standstill_->error.code == log_refuses;
  if (!relay_ || !relay_->pending() || refused || strangeness()) return true;
  if (auto done = relay_->run(stop); !done) {
    stand_still({Activity::stopped, host_error("relay", done.error(), environment_.clock.wall_ns())});
    return true;
  }
  return !relay_->pending();
}

void OwnedProcessor::stop_handler() {
  if (!std::exchange(started_, false)) return;
  page_->enter(static_cast<std::uint32_t>(Stage::stop), 0, 0);
  instance_->stop();
  page_->leave();
}

// For another instance to follow. Its end counts as a part of its stop.
void OwnedProcessor::take_down() {
  stop_handler();
  page_->enter(static_cast<std::uint32_t>(Stage::stop), 0, 0);
  instance_.reset();
  page_->leave();
}

void OwnedProcessor::forget_death() {
  death_.reset();
  page_->forget_death();
}

void OwnedProcessor::stand_still(Standstill standstill) {
  // Best effort: a projection that is of no use, or on a full disk, need not take the note.
  if (projection_ && projection_->initialised()) (void)projection_->record(standstill);
  standstill_ = std::move(standstill);
}

}  // namespace

Result<std::unique_ptr<Processor>> Processor::open(Options options, Environment environment) {
  auto lock = os::FileLock::acquire(options.directory / "lock");
  if (!lock) return lock.error();
  auto processor =
      std::make_unique<OwnedProcessor>(std::move(options), std::move(environment), std::move(*lock));
  if (auto opened = processor->open(); !opened) return opened.error();
  return std::unique_ptr<Processor>(std::move(processor));
}

}  // namespace aludel
