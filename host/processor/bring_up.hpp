// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "log/event_log.hpp"
#include "plugin/instance.hpp"
#include "processor/page.hpp"
#include "processor/processor.hpp"
#include "processor/projection.hpp"
#include "processor/state_teller.hpp"

namespace aludel {

/// Brings a handler up: create, migrate the projection's tables, start. A function that asks to be called
/// again is, with growing pauses (100 ms to 30 s), until it succeeds or `stop` is raised. A `create` that
/// fails otherwise is `refused`, since the plugin or its config is at fault; `migrate` and `start` that fail
/// are `stopped`: the next start may succeed.
class BringUp {
 public:
  enum class End { up, interrupted, standstill };

  struct Parts {
    std::unique_ptr<Instance>& instance;  ///< fresh; made anew for another `create`
    const Processor::MakeInstance& make_instance;
    Instance::Context context;
    Projection& projection;
    InFlightPage& page;
    EventReader& log;
    const Clock& clock;
    StateTeller& teller;
    bool overcomes;  ///< being up ends an earlier standstill that is about no event
  };

  explicit BringUp(Parts parts) : parts_(std::move(parts)) {}

  End run(const std::string& config_json, const Interrupt& stop);
  /// Whether `Instance::start` has succeeded, so that `stop` is owed, however `run` ended.
  [[nodiscard]] bool started() const { return started_; }
  /// Why, after `End::standstill`; also recorded in the projection.
  [[nodiscard]] const Standstill& standstill() const { return *standstill_; }

 private:
  // Each: whether to go on. If not, `standstill_` says why, or it was interrupted.
  bool create(const std::string& config_json, const Interrupt& stop);
  bool migrate(const Interrupt& stop);
  bool start(const Interrupt& stop);
  bool note_up();

  std::optional<Outcome> migrate_once(std::uint32_t from, std::uint32_t to);
  bool pause(Stage stage, std::uint32_t attempt, const Interrupt& stop);
  bool handler_failed(Activity activity, Stage stage, Outcome outcome);
  bool stand_still(Activity activity, ProcessorError error);
  template <typename Function>
  Outcome call(Stage stage, const Function& function);
  template <typename Attempt>
  std::optional<Outcome> persist(Stage stage, const Interrupt& stop, const Attempt& attempt);

  Parts parts_;
  std::optional<ProcessorError> earlier_;  ///< why it stood still before
  bool started_ = false;
  std::optional<Standstill> standstill_;
};

}  // namespace aludel
