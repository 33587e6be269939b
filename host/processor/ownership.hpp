// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
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

}  // namespace aludel
