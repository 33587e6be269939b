// SPDX-License-Identifier: MIT
#include "processor/processor.hpp"

#include <algorithm>
#include <utility>

#include "base/os/lock.hpp"
#include "processor/batch.hpp"
#include "processor/bring_up.hpp"
#include "processor/feed.hpp"
#include "processor/ownership.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"
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
        teller_(environment_.on_state) {
    options_.batch_size = std::clamp<std::uint64_t>(options_.batch_size, 1, limits::batch_size_max);
  }

  Result<void> open();
  ProcessorState run(const Interrupt& stop) override;

 private:
  Result<void> open_projection();
  Result<void> make_instance();
  Result<void> load();
  Instance::Context context();
  void work(const Interrupt& stop);
  void stand_still(Standstill standstill);

  Options options_;
  Environment environment_;
  os::FileLock lock_;
  StateTeller teller_;
  std::unique_ptr<InFlightPage> page_;
  std::unique_ptr<Projection> projection_;  // null: it cannot be opened
  std::unique_ptr<Instance> instance_;      // its statements go before the projection
  Cursor cursor_;
  std::optional<Standstill> standstill_;
};

Result<void> OwnedProcessor::open() {
  auto page = InFlightPage::create(options_.directory / "page");
  if (!page) return page.error();
  page_ = std::move(*page);
  if (auto opened = open_projection(); !opened || standstill_) return opened;
  if (auto made = make_instance(); !made || standstill_) return made;
  return load();
}

Result<void> OwnedProcessor::open_projection() {
  auto projection = Projection::open(options_.directory);
  if (projection) {
    projection_ = std::move(*projection);
    return {};
  }
  if (projection.error().code != ErrorCode::unsupported) return projection.error();
  stand_still({Activity::refused, host_error("open", projection.error(), environment_.clock.wall_ns())});
  return {};
}

Result<void> OwnedProcessor::make_instance() {
  auto instance = environment_.make_instance(context());
  if (!instance) {
    stand_still({Activity::refused, host_error("create", instance.error(), environment_.clock.wall_ns())});
    return {};
  }
  instance_ = std::move(*instance);
  if (projection_->initialised()) return {};
  return projection_->initialise({
      .handler_id = instance_->description().id,
      .handler_version = instance_->description().version,
      .projection_version = 0,
      .log_id = environment_.log.log_id(),
      .producer_id = Uuid::random(),
  });
}

// What the projection says; whether it is ours to carry on.
Result<void> OwnedProcessor::load() {
  auto& tables = projection_->tables();
  const auto identity = tables.identity();
  if (!identity) return identity.error();
  const auto cursor = tables.cursor();
  if (!cursor) return cursor.error();
  auto earlier = tables.standstill();
  if (!earlier) return earlier.error();
  cursor_ = *cursor;
  auto& state = teller_.state();
  state.handler_id = identity->handler_id;
  state.handler_version = identity->handler_version;
  state.next = cursor_.position.next;
  state.handled = cursor_.handled;
  state.skipped = cursor_.skipped;
  state.dead_letters = cursor_.dead_letters;
  if (*earlier) state.error = std::move((*earlier)->error);
  auto strange = check_ownership(*identity, cursor_.position, instance_->description().id, environment_.log,
                                 environment_.clock.wall_ns());
  if (strange) stand_still(std::move(*strange));
  return {};
}

Instance::Context OwnedProcessor::context() {
  return {
      .processor = options_.name,
      .log_id = environment_.log.log_id(),
      .projection = &projection_->database(),
      .log = &environment_.handler_log,
  };
}

ProcessorState OwnedProcessor::run(const Interrupt& stop) {
  if (!standstill_) {
    teller_.tell(Activity::running);
    BringUp bring_up({instance_, environment_.make_instance, context(), *projection_, *page_,
                      environment_.log, environment_.clock, teller_});
    const auto end = bring_up.run(options_.config_json, stop);
    if (end == BringUp::End::standstill) standstill_ = bring_up.standstill();
    if (end == BringUp::End::up) work(stop);
    if (bring_up.started()) {
      page_->enter(static_cast<std::uint32_t>(Stage::stop), 0, 0);
      instance_->stop();
      page_->leave();
    }
  }
  if (standstill_) teller_.state().error = standstill_->error;
  teller_.tell(standstill_ ? standstill_->activity : Activity::offline);
  return teller_.state();
}

void OwnedProcessor::work(const Interrupt& stop) {
  const auto& error = teller_.state().error;
  Feed feed(environment_.log, TypeFilter(instance_->description().subscriptions, options_.types));
  Batch batch({*instance_, *projection_, *page_, environment_.clock}, cursor_,
              error ? error->event_id : std::nullopt, options_.batch_size);
  Worker worker(environment_.log, feed, batch, *projection_, environment_.clock, teller_, options_.batch_size,
                options_.strategy);
  standstill_ = worker.run(stop);
  teller_.committed(batch.cursor(), batch.stopped_at());
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
