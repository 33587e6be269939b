// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "base/event.hpp"
#include "base/result.hpp"

/// What may go into the log. Each check returns `invalid` or `limit`, naming the event by its index in the
/// batch.
namespace aludel {

/// A producer's key travels in a header of HTTP, and must be the same key whichever way it goes: UTF-8
/// without control characters, and no blank at either end. Empty: no producer.
[[nodiscard]] Result<void> check_producer(std::string_view producer);

[[nodiscard]] Result<void> check_batch(std::size_t events, std::string_view producer);

/// Type, source and content type, which events of a batch mostly share.
[[nodiscard]] Result<void> check_names(const NewEvent& event, std::size_t index);

/// All the rest of an event.
[[nodiscard]] Result<void> check_event(const NewEvent& event, std::size_t index);

}  // namespace aludel
