// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "plugin/instance.hpp"

namespace aludel {

/// What went wrong in the present call of a plugin function: of the errors of host functions and of
/// set_error() the latest, but an outage of the host before all. One thread at a time.
class CallErrors {
 public:
  /// Before each plugin function; costs nothing if there was no error.
  void clear() {
    if (present_) forget();
  }

  /// A host function failed. @return `result`, for the function to return
  std::int32_t fail(std::int32_t result, std::string_view code, std::string_view message);
  /// The host's disk or memory failed: the outcome of the call becomes fatal. @return ALUDEL_IO_ERROR
  std::int32_t outage(std::string_view code, std::string_view message) noexcept;
  /// What the plugin says. @return ALUDEL_OK or ALUDEL_MISUSE
  std::int32_t set(const aludel_error* error);

  /// The plugin named an event that cannot be at fault, or not where it may name one.
  void forget_event() { latest_.event_id.reset(); }

  [[nodiscard]] bool present() const { return present_; }
  [[nodiscard]] bool has_outage() const { return has_outage_; }
  [[nodiscard]] const HandlerError& latest() const { return has_outage_ ? outage_ : latest_; }

 private:
  void forget();

  bool present_ = false;
  bool has_outage_ = false;
  HandlerError latest_;
  HandlerError outage_;
};

}  // namespace aludel
