// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "plugin/instance.hpp"

namespace aludel {

[[nodiscard]] std::string_view to_string(LogLevel level);
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view word);

/// The host's own log: one line an entry, written with one call, so that lines of several threads never mix.
///
///     text: 2024-02-29T12:00:00.250Z warning ledger: text
///     json: {"time":"2024-02-29T12:00:00.250Z","level":"warning","processor":"ledger","message":"text"}
///
/// What a plugin says is told from that: "ledger| text", and "origin":"plugin" behind the processor.
///
/// What cannot be written is lost: there is nobody left to tell. Any thread may call.
class HostLog {
 public:
  enum class Format { text, json };

  HostLog(int descriptor, LogLevel level, Format format)
      : descriptor_(descriptor), level_(level), format_(format) {}

  [[nodiscard]] LogLevel level() const { return level_; }
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= level_; }
  /// @param processor empty: it is the host that speaks
  void write(LogLevel level, std::string_view processor, std::string_view text,
             LogOrigin origin = LogOrigin::host) const;

 private:
  int descriptor_;  // not owned
  LogLevel level_;
  Format format_;
};

}  // namespace aludel
