// SPDX-License-Identifier: MIT
/// @file outcome.hpp
/// What a handler reports of an event: returned as an `Outcome`, or thrown as one of `skip`, `retry`, `fail`
/// and `fatal`. Those four are lower-case because they are read as words: `throw aludel::fail("code",
/// "message")`.
///
/// Anything else that is thrown out of a handler counts as `fail` with the code "exception" and what() as the
/// message; std::bad_alloc counts as `fatal`.
#pragma once

#include <aludel/plugin.h>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aludel {
inline namespace v1 {

enum class Outcome : std::int32_t {
  handled = ALUDEL_HANDLED,
  skip = ALUDEL_SKIP,    ///< not mine: no error, and what was written stays
  retry = ALUDEL_RETRY,  ///< transient: may succeed later
  fail = ALUDEL_FAIL,    ///< this event cannot be handled, however often it is tried
  fatal = ALUDEL_FATAL,  ///< the environment is broken, not the event: the processor stops
};

/// The common part of the exceptions below. Catch it to see any of them; throw one of them, never this.
class Verdict : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& detail_json() const noexcept { return detail_json_; }
  [[nodiscard]] std::chrono::milliseconds after() const noexcept { return after_; }
  /// The event at fault, known in flush() only; UINT64_MAX otherwise.
  [[nodiscard]] std::uint64_t event_id() const noexcept { return event_id_; }

 protected:
  explicit Verdict(Outcome outcome, std::string code = {}, std::string message = {})
      : outcome_(outcome), code_(std::move(code)), message_(std::move(message)) {}

  Outcome outcome_;
  std::string code_;
  std::string message_;
  std::string detail_json_;
  std::chrono::milliseconds after_{0};
  std::uint64_t event_id_ = UINT64_MAX;
};

/// The event is not for this handler. No error; what was written stays.
class skip : public Verdict {
 public:
  skip() : Verdict(Outcome::skip) {}
};

/// Transient: the event may succeed later.
class retry : public Verdict {
 public:
  /// @param code for programs, "rate_limited"; 64 bytes at most
  /// @param message for people, one line
  /// @param after not sooner than this; 0: as the operator configured
  retry(std::string code, std::string message, std::chrono::milliseconds after = std::chrono::milliseconds(0))
      : Verdict(Outcome::retry, std::move(code), std::move(message)) {
    after_ = after;
  }
};

/// This event cannot be handled, however often it is tried.
class fail : public Verdict {
 public:
  /// @param code for programs, "insufficient_funds"; 64 bytes at most
  /// @param message for people, one line
  /// @param detail_json more, as JSON text; may be empty
  fail(std::string code, std::string message, std::string detail_json = {})
      : Verdict(Outcome::fail, std::move(code), std::move(message)) {
    detail_json_ = std::move(detail_json);
  }

  /// Names the event at fault, where flush() knows it: then only that one fails, not the batch.
  ///
  ///     throw aludel::fail("no_such_account", "account 17 is unknown").blaming(event_id);
  [[nodiscard]] fail&& blaming(std::uint64_t event_id) && {
    event_id_ = event_id;
    return std::move(*this);
  }
};

/// The environment is broken, not the event: the processor stops, whatever its error strategy.
class fatal : public Verdict {
 public:
  fatal(std::string code, std::string message)
      : Verdict(Outcome::fatal, std::move(code), std::move(message)) {}
};

/// SQL that the host refused: a constraint, a syntax error, something that handlers may not do.
class SqlError : public fail {
 public:
  SqlError(std::int32_t result, std::string code, std::string message)
      : fail(std::move(code), std::move(message)), result_(result) {}
  /// Which one: ALUDEL_CONSTRAINT, ALUDEL_SQL_ERROR, ALUDEL_DENIED, ...
  [[nodiscard]] std::int32_t result() const noexcept { return result_; }

 private:
  std::int32_t result_;
};

namespace detail {

constexpr aludel_str to_str(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
constexpr std::string_view to_view(const aludel_str& text) noexcept {
  return {text.data, text.size};
}

inline const char* name_of_result(std::int32_t result) noexcept {
  switch (result) {
    case ALUDEL_MISUSE: return "misuse";
    case ALUDEL_SQL_ERROR: return "sql_error";
    case ALUDEL_CONSTRAINT: return "constraint";
    case ALUDEL_DENIED: return "denied";
    case ALUDEL_TOO_LARGE: return "too_large";
    case ALUDEL_NOT_FOUND: return "not_found";
    case ALUDEL_BUSY: return "busy";
    case ALUDEL_IO_ERROR: return "io_error";
    case ALUDEL_INVALID: return "invalid";
    case ALUDEL_LIMIT: return "limit";
    default: return "host_error";
  }
}

/// Throws what a failed host function means: an outage is fatal, a busy database may be tried again, SQL that
/// was refused is a `SqlError`, all else a `fail`.
/// @param attempt what was attempted, for the message
/// @param sql the statement it was about; empty if there was none
[[noreturn]] inline void raise(aludel_call* call, std::int32_t result, std::string_view attempt,
                               std::string_view sql = {}) {
  constexpr std::size_t sql_shown_max = 200;
  aludel_str host_code{"", 0};
  aludel_str host_message{"", 0};
  call->host->last_error(call, &host_code, &host_message);
  std::string code(to_view(host_code));
  if (code.empty()) code = name_of_result(result);
  std::string message(attempt);
  // What the host says of a statement mostly begins with its text.
  const bool shown = to_view(host_message).substr(0, 5) == "SQL \"";
  if (!sql.empty() && !shown) message.append(" \"").append(sql.substr(0, sql_shown_max)).append("\"");
  message.append(": ");
  message += host_message.size != 0 ? std::string(to_view(host_message)) : name_of_result(result);

  if (result == ALUDEL_IO_ERROR) throw fatal(std::move(code), std::move(message));
  if (result == ALUDEL_BUSY) throw retry(std::move(code), std::move(message));
  if (!sql.empty()) throw SqlError(result, std::move(code), std::move(message));
  throw fail(std::move(code), std::move(message));
}

inline void check(aludel_call* call, std::int32_t result, std::string_view attempt,
                  std::string_view sql = {}) {
  if (result < 0) raise(call, result, attempt, sql);
}

}  // namespace detail
}  // namespace v1
}  // namespace aludel
