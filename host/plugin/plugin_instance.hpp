// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>
#include <string_view>

#include "plugin/host_side.hpp"
#include "plugin/instance.hpp"

namespace aludel {

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
  [[nodiscard]] bool over_size() const { return side_.sql && side_.sql->is_over_size(); }
  void give_up_without_memory(Outcome outcome) const;
  Outcome judge(Stage stage, std::int32_t reported);
  Outcome broken(const Error& error);
  Outcome known_outcome(Stage stage, std::int32_t reported);

  const aludel_handler functions_;
  const HandlerDescription declared_;
  Database* projection_;
  HostSide side_;
  aludel_event abi_event_{};
  void* self_ = nullptr;
  bool created_ = false;
  bool started_ = false;
};

}  // namespace aludel
