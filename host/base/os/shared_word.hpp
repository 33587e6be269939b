// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace aludel::os {

/// A word in memory that processes share. It has a name so that a test can stand between a process and what
/// it shares: tests/log/interleaving/ puts a header of its own in the place of this one.
template <typename T>
using SharedWord = std::atomic<T>;

}  // namespace aludel::os
