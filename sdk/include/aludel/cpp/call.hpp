// SPDX-License-Identifier: MIT
/// @file call.hpp
/// What a handler's functions are given: Config, Call, Event, Failure; and Log, the only one that may be
/// kept.
///
/// They work inside the function that received them, on its thread. Misuse that gets past the compiler is
/// answered by the host: `fail` with the code "misuse".
#pragma once

#include <aludel/cpp/document.hpp>
#include <aludel/cpp/sql.hpp>
#include <initializer_list>

namespace aludel {
inline namespace v1 {

enum class Level : std::uint32_t {
  trace = ALUDEL_LOG_TRACE,
  debug = ALUDEL_LOG_DEBUG,
  info = ALUDEL_LOG_INFO,
  warning = ALUDEL_LOG_WARNING,
  error = ALUDEL_LOG_ERROR,
};

/// The host's log. May be copied, kept and used from any thread until stop() returns.
class Log {
 public:
  explicit Log(const aludel_host* host) noexcept : host_(host) {}

  /// Whether lines of this level are written: ask before a costly text is put together.
  [[nodiscard]] bool enabled(Level level) const noexcept {
    return host_->log_enabled(host_, static_cast<std::uint32_t>(level)) != 0;
  }
  void write(Level level, std::string_view text) const noexcept {
    host_->log(host_, static_cast<std::uint32_t>(level), text.data(), text.size());
  }
  void info(std::string_view text) const noexcept { write(Level::info, text); }
  void warn(std::string_view text) const noexcept { write(Level::warning, text); }
  void error(std::string_view text) const noexcept { write(Level::error, text); }

 private:
  const aludel_host* host_;
};

/// An event to be appended to the log, see Call::emit.
struct NewEvent {
  std::string_view type;
  std::string_view data;
  std::string_view key = {};
  std::string_view content_type = {};  ///< empty: application/json
  std::uint64_t cause = 0;             ///< in flush() only: the id of the event of this batch that caused it
};

/// The way to the host: the projection, the log, what is known of the present call.
class Call {
 public:
  explicit Call(aludel_call* call) noexcept : call_(call) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  void operator&() const = delete;  // NOLINT(google-runtime-operator): no pointer to keep

  /// SQL on the projection, see sql.hpp. A literal is prepared once, whatever its position in the code.
  [[nodiscard]] Sql sql(std::string_view text) { return {call_, statements_, text}; }
  /// SQL without parameters or rows, several statements if need be; only in migrate().
  void exec(std::string_view script) {
    detail::check(call_, call_->host->exec(call_, script.data(), script.size()), "run", script);
  }
  /// The rowid of this instance's latest INSERT.
  [[nodiscard]] std::int64_t last_insert_id() {
    std::int64_t id = 0;
    detail::check(call_, call_->host->last_insert_id(call_, &id), "read the latest rowid");
    return id;
  }

  /// Appends an event to the log once this batch has committed, exactly once; does nothing in a rebuild or a
  /// dry run. Throws where the host refuses it: see aludel_host.emit in plugin.h.
  void emit(const NewEvent& event) {
    aludel_new_event abi{};
    abi.struct_size = sizeof abi;
    abi.type = detail::to_str(event.type);
    abi.key = detail::to_str(event.key);
    abi.content_type = detail::to_str(event.content_type);
    abi.data = event.data.data();
    abi.data_size = event.data.size();
    abi.cause = event.cause;
    detail::check(call_, call_->host->emit(call_, &abi), "emit an event");
  }

  void log(Level level, std::string_view text) const noexcept { logger().write(level, text); }
  void info(std::string_view text) const noexcept { logger().info(text); }
  void warn(std::string_view text) const noexcept { logger().warn(text); }
  void error(std::string_view text) const noexcept { logger().error(text); }
  /// For the handler's own threads: may be kept until stop() returns.
  [[nodiscard]] Log logger() const noexcept { return Log(call_->host); }

  /// The name of the processor that this instance serves.
  [[nodiscard]] std::string_view processor() const noexcept {
    return detail::to_view(call_->host->processor);
  }
  /// The log's UUID: with an event's id, a key that makes effects outside the projection idempotent.
  [[nodiscard]] std::string_view log_id() const noexcept { return detail::to_view(call_->host->log_id); }
  /// Which attempt at the event this is, from 1; 0 where there is no event.
  [[nodiscard]] std::uint32_t attempt() const noexcept { return call_->attempt; }
  /// The event, or its batch, was delivered before and undone.
  [[nodiscard]] bool is_redelivery() const noexcept { return (call_->flags & ALUDEL_CALL_REDELIVERY) != 0; }
  /// The event was handled by an earlier projection: no effect outside this one.
  [[nodiscard]] bool is_rebuild() const noexcept { return (call_->flags & ALUDEL_CALL_REBUILD) != 0; }
  /// Everything is rolled back afterwards: no effect outside the projection.
  [[nodiscard]] bool is_dry_run() const noexcept { return (call_->flags & ALUDEL_CALL_DRY_RUN) != 0; }
  /// A dead letter is tried again, out of log order.
  [[nodiscard]] bool is_replay() const noexcept { return (call_->flags & ALUDEL_CALL_REPLAY) != 0; }

 private:
  aludel_call* call_;
  detail::StatementCache statements_;
};

/// An event. Views into it last as long as the function that received it. json() and find() read its data.
class Event : public Document {
 public:
  Event(aludel_call* call, const aludel_event* event) noexcept
      : Document(call, {static_cast<const char*>(event->data), event->data_size}), event_(event) {}

  [[nodiscard]] std::uint64_t id() const noexcept { return event_->id; }  ///< position in the log, from 0
  [[nodiscard]] std::int64_t time_ns() const noexcept { return event_->time_ns; }  ///< since 1970, UTC
  [[nodiscard]] std::string_view type() const noexcept { return detail::to_view(event_->type); }
  [[nodiscard]] std::string_view source() const noexcept { return detail::to_view(event_->source); }
  [[nodiscard]] std::string_view key() const noexcept { return detail::to_view(event_->key); }  ///< or empty
  [[nodiscard]] std::string_view content_type() const noexcept {
    return detail::to_view(event_->content_type);
  }
  [[nodiscard]] std::string_view data() const noexcept { return text_; }

  /// Another attribute by its CloudEvents name: "id", "dataschema", "traceparent", an extension.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const {
    aludel_str value{"", 0};
    const std::int32_t result = call_->host->attribute(call_, name.data(), name.size(), &value);
    if (result == ALUDEL_NOT_FOUND) return std::nullopt;
    detail::check(call_, result, "read an attribute");
    return detail::to_view(value);
  }

 private:
  const aludel_event* event_;
};

/// A failure that on_error() is to judge. Views last as long as the call.
struct Failure {
  std::uint32_t stage;  ///< ALUDEL_STAGE_*: what failed
  Outcome outcome;      ///< retry or fail
  std::uint32_t attempt;
  std::string_view code;
  std::string_view message;
  std::string_view detail_json;
  std::int64_t first_failed_ns;  ///< when the first attempt failed, since 1970
};

/// What on_error() decides. By default: what the operator configured.
struct Decision {
  enum class Action : std::uint32_t {
    by_default = ALUDEL_ACTION_DEFAULT,
    stop = ALUDEL_ACTION_STOP,
    skip = ALUDEL_ACTION_SKIP,
    retry = ALUDEL_ACTION_RETRY,  ///< after `delay`, within the operator's limits
    dead_letter = ALUDEL_ACTION_DEAD_LETTER,
  };
  Action action = Action::by_default;
  std::chrono::milliseconds delay{0};
};

}  // namespace v1
}  // namespace aludel
