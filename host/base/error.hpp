// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace aludel {

/// What kind of failure it was; decides the exit status and whether trying again can help.
enum class ErrorCode {
  invalid,    ///< the input is wrong: usage, config, an event, a file's content as given by a user
  not_found,  ///< what was named is not there
  conflict,   ///< it contradicts what is already stored (a producer's sequence, another handler's projection)
  locked,     ///< another process owns it
  corrupt,    ///< stored bytes are not what was written
  unsupported,  ///< a format, file system or kernel that this build cannot serve
  limit,        ///< over a documented limit
  io,           ///< the operating system failed a read, write or sync
  disk_full,    ///< no space, or over quota
  memory,       ///< no memory
  denied,       ///< not permitted
  refused,      ///< a plugin was refused; `Error::reason` says by which rule
  timed_out,    ///< a bounded wait ended
  stopped,      ///< the operation was asked to stop
};

/// A failed operation, told in one line: what was attempted, on what, what went wrong, what to do.
struct Error {
  ErrorCode code = ErrorCode::io;
  std::string message = {};
  /// A stable identifier of the rule that was broken, for programs ("wrong_machine"); may be empty.
  std::string reason = {};

  Error() = default;  // boost::system::result::error() asks for it
  Error(ErrorCode error_code, std::string text, std::string stable_reason = {})
      : code(error_code), message(std::move(text)), reason(std::move(stable_reason)) {}

  /// The same failure seen from one step further out: "<context>: <message>".
  [[nodiscard]] Error within(std::string_view context) const {
    return {code, std::string(context) + ": " + message, reason};
  }
};

/// The name of a code as it stands in logs and JSON, for example "disk_full".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// An error from `errno`: "<attempt>: <strerror text>", with the code that fits it.
/// @param attempt what was attempted and on what, for example "open log/0.seg"
[[nodiscard]] Error os_error(std::string_view attempt, int error_number);

}  // namespace aludel
