// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>
#include <string_view>

#include "plugin/host_side.hpp"
#include "plugin/instance.hpp"

namespace aludel {

/// The events that were delivered since the last commit, as an instance can know them.
class DeliveredRange {
 public:
  void add(std::uint64_t id) {
    if (starts_anew_) first_ = id;
    starts_anew_ = false;
    last_ = id;
  }
  /// flush() succeeded: unless all is undone, the next event begins a new batch.
  void flushed() { starts_anew_ = true; }
  /// All from `id` on is undone.
  void undo(std::uint64_t id) {
    starts_anew_ = id <= first_;
    if (!starts_anew_) last_ = id - 1;
  }
  [[nodiscard]] bool contains(std::uint64_t id) const { return !starts_anew_ && id >= first_ && id <= last_; }

 private:
  bool starts_anew_ = true;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

/// An instance that a plugin's functions stand behind: the bridge from the ABI to the host.
///
/// An exception that a plugin lets out ends the process: nothing can be known of the plugin then.
class PluginInstance final : public Instance {
 public:
  /// @param functions of a checked declaration  @param declared what the same handler says of itself
  PluginInstance(const aludel_handler& functions, const HandlerDescription& declared, Context context);
  ~PluginInstance() override;

  Outcome create(std::string_view config_json) override;
  [[nodiscard]] const HandlerDescription& description() const override { return side_.description; }
  Outcome migrate(std::uint32_t from, std::uint32_t to) override;
  Outcome start() override;
  Outcome validate(const Event& event, std::uint32_t flags, std::uint32_t attempt) override;
  Outcome handle(const Event& event, std::uint32_t flags, std::uint32_t attempt) override;
  Outcome flush() override;
  void rolled_back(std::uint64_t event_id) override;
  std::optional<Decision> on_error(const Event& event, const EventFailure& failure) override;
  void stop() override;

  [[nodiscard]] const HandlerError& error() const override { return side_.errors.latest(); }
  [[nodiscard]] bool wrote() const override { return side_.sql && side_.sql->wrote(); }
  [[nodiscard]] bool transaction_lost() const override { return side_.sql && side_.sql->transaction_lost(); }

 private:
  template <typename Function>
  Outcome call(Stage stage, std::uint32_t flags, std::uint32_t attempt, Function function);
  void show(const Event& event);
  Outcome judge(Stage stage, std::int32_t reported);
  Outcome known_outcome(Stage stage, std::int32_t reported);

  const aludel_handler functions_;
  const HandlerDescription declared_;
  Database* projection_;
  HostSide side_;
  aludel_event abi_event_{};
  DeliveredRange delivered_;
  void* self_ = nullptr;
  bool created_ = false;
  bool started_ = false;
};

}  // namespace aludel
