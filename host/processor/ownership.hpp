// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/event_log.hpp"
#include "processor/cursor.hpp"
#include "processor/host_tables.hpp"
#include "processor/standstill.hpp"

namespace aludel {

/// Whether a projection may be carried on: by this handler, on this log, from its cursor. Nothing is guessed:
/// another handler's is `refused`; one of another log, or of another history of this one, is `diverged`.
/// @return why not
[[nodiscard]] std::optional<Standstill> check_ownership(const ProjectionIdentity& identity,
                                                        const Position& position, std::string_view handler_id,
                                                        EventReader& log, std::int64_t now_ns);

/// Whether the events that a processor of this log is to handle next are gone: `expired`, with which ones it
/// will never see and what to do; nothing if they are there.
[[nodiscard]] std::optional<Standstill> check_expiry(const Position& position, EventReader& log,
                                                     std::int64_t now_ns);

/// The same of a log that begins with event `first`.
[[nodiscard]] Standstill expired(std::uint64_t next, std::uint64_t first, std::int64_t now_ns);

/// "event 7", or "events 7 to 9 (3)": those from `begin` to below `end`.
[[nodiscard]] std::string events_between(std::uint64_t begin, std::uint64_t end);

}  // namespace aludel
