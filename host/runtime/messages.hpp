// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "plugin/instance.hpp"
#include "processor/state.hpp"

/// What a child says to its host: lines of JSON over the socket that it inherited. The host's first
/// line is the `ProcessorSpec`; then a byte is a nudge, and it closes its sending side to ask for the end.
namespace aludel {

/// The processor's state has changed.
struct StateMessage {
  ProcessorState state;
};
/// The processor has ended in this state; nothing follows.
struct EndMessage {
  ProcessorState state;
};
/// A line of the handler's, or of the processor's own.
struct LogMessage {
  LogLevel level = LogLevel::info;
  std::string text;
  LogOrigin origin = LogOrigin::host;
};

using Message = std::variant<StateMessage, EndMessage, LogMessage>;

/// The longest line; what comes from a handler is cut far below.
inline constexpr std::size_t message_size_max = 512 * 1024;

/// One line of JSON, without the line's end.
[[nodiscard]] std::string to_json(const Message& message);
/// @return invalid
[[nodiscard]] Result<Message> parse_message(std::string_view text);

/// The other way of `to_string`; nothing: it is none of its words.
[[nodiscard]] std::optional<Activity> parse_activity(std::string_view word);

/// The same form for a file.
[[nodiscard]] std::string to_json(const ProcessorState& state);
[[nodiscard]] Result<ProcessorState> parse_state(std::string_view text);

}  // namespace aludel
