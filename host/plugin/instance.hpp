// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "base/uuid.hpp"
#include "plugin/description.hpp"
#include "plugin/emission.hpp"
#include "policy/allowance.hpp"
#include "policy/strategy.hpp"

namespace aludel {

/// What a handler reported (ALUDEL_HANDLED ...). An unknown number has become `fail`, and so has `skip` of
/// any function but `validate` and `handle`.
enum class Outcome : std::int32_t { handled = 0, skip = 1, retry = 2, fail = 3, fatal = 4 };

/// Where in a handler's life something happened (ALUDEL_STAGE_*).
enum class Stage : std::uint32_t {
  none = 0,
  create = 1,
  migrate = 2,
  start = 3,
  validate = 4,
  handle = 5,
  flush = 6,
  rolled_back = 7,
  on_error = 8,
  stop = 9,
};

[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::string_view to_string(Stage stage);

/// Why a handler's function did not succeed. Never without a code: "unspecified" if the handler gave none.
struct HandlerError {
  std::string code;
  std::string message;
  std::string detail_json;
  std::chrono::milliseconds retry_after{0};
  std::optional<std::uint64_t> event_id;  ///< in flush: the event at fault, if the handler named it
};

enum class LogLevel : std::uint32_t { trace = 0, debug = 1, info = 2, warning = 3, error = 4 };

/// Whose words a log line is: the host's own, its processors' among it, or what came out of a plugin.
enum class LogOrigin { host, plugin };

/// Where the log lines of a handler and of its processor go. Any thread may call.
class HandlerLog {
 public:
  virtual ~HandlerLog() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view line, LogOrigin origin = LogOrigin::host) = 0;
  /// At the end of `start`, `flush` and `rolled_back`, as a part of it: ends the process if the plugin has
  /// cut off the way that the lines take.
  virtual void check() {}
};

/// One instance of a handler, at the service of one processor. A seam: plugins stand behind it
/// (`plugin/library.hpp`), and so do the fakes of the processor's tests.
///
/// Calls must not overlap. Order: `create` once; after its success `migrate`, `start`, then `handle`,
/// `flush`, `rolled_back`, then `stop` (exactly once if `start` succeeded); destruction calls the plugin's
/// `destroy` if `create` succeeded.
///
/// The transaction on the projection is the caller's: an instance never begins or ends one. It refuses SQL
/// that would, and notices SQL that did (`transaction_lost`).
class Instance {
 public:
  /// What an instance works with.
  struct Context {
    std::string processor;
    Uuid log_id;
    Database* projection = nullptr;  ///< null: no SQL, as for an instance that is only described. Outlives it
    HandlerLog* log = nullptr;       ///< outlives the instance
    EmitSink* emits = nullptr;       ///< null: it cannot emit. On the same projection; outlives the instance
    Allowance allowance = {};
  };

  /// A failure as `on_error` is told of it.
  struct EventFailure {
    Stage stage = Stage::handle;
    Outcome outcome = Outcome::fail;
    std::uint32_t attempt = 1;
    std::int64_t first_failed_ns = 0;
    std::string_view code;
    std::string_view message;
    std::string_view detail_json;
  };

  virtual ~Instance() = default;

  /// @param config_json the processor's config as a JSON object
  virtual Outcome create(std::string_view config_json) = 0;
  /// As declared; after `create`, with the subscriptions and the projection's version that it set.
  [[nodiscard]] virtual const HandlerDescription& description() const = 0;

  virtual Outcome migrate(std::uint32_t from, std::uint32_t to) = 0;
  virtual Outcome start() = 0;
  /// Looks at an event without SQL; handled if the handler has no such function.
  virtual Outcome validate(const Event& event, std::uint32_t flags, std::uint32_t attempt) = 0;
  /// @param flags ALUDEL_CALL_*  @param attempt of this event, from 1
  virtual Outcome handle(const Event& event, std::uint32_t flags, std::uint32_t attempt) = 0;
  virtual Outcome flush() = 0;
  /// All delivered since the last commit, from `event_id` on, is undone.
  virtual void rolled_back(std::uint64_t event_id) = 0;
  /// What the handler would have done with an event that failed.
  /// @return nothing: it has no opinion to be had, `error` says why
  virtual std::optional<Decision> on_error(const Event& event, const EventFailure& failure) = 0;
  virtual void stop() = 0;

  /// Of the last call, if it returned neither handled nor skip.
  [[nodiscard]] virtual const HandlerError& error() const = 0;
  /// Whether the last call changed the projection (or tried to and failed), or emitted.
  [[nodiscard]] virtual bool wrote() const = 0;
  /// The last call's SQL ended the transaction (INSERT OR ROLLBACK, RAISE(ROLLBACK)): the batch is gone. Such
  /// a call reports no success, whatever the handler says.
  [[nodiscard]] virtual bool transaction_lost() const = 0;
};

}  // namespace aludel
