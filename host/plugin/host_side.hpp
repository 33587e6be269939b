// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event.hpp"
#include "base/json.hpp"
#include "plugin/call_errors.hpp"
#include "plugin/call_gate.hpp"
#include "plugin/emissions.hpp"
#include "plugin/instance.hpp"
#include "plugin/sql_session.hpp"

namespace aludel {

/// What the host functions of one instance act on: the call object that its plugin holds, and all that stands
/// behind it. `host_functions.cpp` is its way in, `PluginInstance` its owner.
///
/// One thread at a time, but for `of`, `write_log`, `is_logged` and `report_stray`.
class HostSide {
 public:
  explicit HostSide(Instance::Context context);

  /// The side that a plugin's pointer belongs to; null if it is not the call object that the host made.
  [[nodiscard]] static HostSide* of(const aludel_call* call);
  [[nodiscard]] static HostSide* of(const aludel_host* host);

  /// Around each plugin function.
  void open(Stage stage, std::uint32_t flags, std::uint32_t attempt) {
    call.struct_size = sizeof call;
    call.flags = flags;
    call.stage = static_cast<std::uint32_t>(stage);
    call.attempt = attempt;
    call.host = &table_;
    errors.clear();
    if (sql) sql->begin(stage);
    gate.open(stage);
  }
  void close() {
    gate.close();
    call.stage = 0;
    if (sql) sql->end();
    event = nullptr;
  }

  /// Log lines pass from the beginning of create() to the end of stop().
  void open_log() { log_open_.store(true, std::memory_order_release); }
  void close_log() { log_open_.store(false, std::memory_order_release); }
  void write_log(std::uint32_t level, std::string_view line, LogOrigin origin = LogOrigin::host) noexcept;
  void check_log();
  [[nodiscard]] bool is_logged(std::uint32_t level) const noexcept;
  /// A host function was called outside of a call: says so in the log, once.
  void report_stray(const char* function) noexcept;

  /// Sets the event in flight, until `close`. What was parsed of it in the call before is kept.
  void set_event(const Event& in_flight) {
    event = &in_flight;
    const bool same = in_flight.id == event_json_id_ && in_flight.data.data() == event_json_data_;
    if (!same) event_json_state_ = JsonState::not_parsed;
    event_json_id_ = in_flight.id;
    event_json_data_ = in_flight.data.data();
  }
  std::int32_t read_json(std::string_view text, std::string_view pointer, aludel_value& value);
  /// An attribute of the event in flight by its CloudEvents name.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name);

  aludel_call call{};
  CallGate gate;
  CallErrors errors;
  std::optional<SqlSession> sql;  ///< nothing: the instance has no projection
  Emissions emissions;
  const Event* event = nullptr;
  HandlerDescription description;  ///< as declared, until create() says otherwise
  bool has_subscribed = false;     ///< in create(): what was declared is replaced
  bool can_migrate = false;

 private:
  enum class JsonState { not_parsed, good, bad };
  struct Table : aludel_host {
    HostSide* side;
  };

  Result<JsonDocument*> parsed(std::string_view text);

  Table table_;
  std::string processor_;
  std::string log_id_;
  HandlerLog* log_;
  std::atomic<bool> log_open_{false};
  std::atomic<bool> stray_reported_{false};
  JsonState event_json_state_ = JsonState::not_parsed;
  std::uint64_t event_json_id_ = 0;
  const char* event_json_data_ = nullptr;
  std::unique_ptr<JsonDocument> event_json_;  // made at first use, as most handlers need one of them at most
  std::unique_ptr<JsonDocument> other_json_;
  Error event_json_error_;
  std::string attribute_text_;
};

/// The table of host functions, for a side to complete.
[[nodiscard]] aludel_host host_functions();

}  // namespace aludel
