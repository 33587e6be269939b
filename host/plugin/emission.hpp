// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace aludel {

/// The attributes by which an emitted event says where it comes from: the id of the event that caused it, and
/// how many emitted events lie on the way from one that was not emitted, itself included. Both in decimal.
inline constexpr std::string_view cause_attribute = "aludelcause";
inline constexpr std::string_view depth_attribute = "aludeldepth";

/// An event that a handler emits, checked. Borrows.
struct EmittedEvent {
  std::string_view type;
  std::string_view key;
  std::string_view content_type;
  std::string_view data;
  std::int64_t time_ns = 0;  ///< that of its cause
  std::uint64_t cause = 0;   ///< the id of the event that caused it
  std::uint32_t depth = 1;   ///< 1 to limits::emit_depth_max
};

/// Where emitted events go in the transaction of the batch: they are there once it commits, or never were.
class EmitSink {
 public:
  virtual ~EmitSink() = default;
  /// @return io, disk_full, memory ...: the host's fault, never the event's
  virtual Result<void> add(const EmittedEvent& event) = 0;
};

}  // namespace aludel
