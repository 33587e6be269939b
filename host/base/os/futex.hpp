// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

/// Waiting on a word of memory without CPU use. As always with futexes a wait may end for no reason, and a
/// wake may arrive at memory that has a new use: the caller looks at its condition again.
namespace aludel::os {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Whether the word lies in memory that processes share.
enum class Scope { process, shared };

/// Waits while `word` is `expected`, until it is woken or the deadline has passed.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Scope scope,
                Deadline deadline = std::nullopt);

/// Wakes up to `count` waiters.
void futex_wake(const std::atomic<std::uint32_t>& word, int count, Scope scope);

/// A word and the value that it has as long as nothing has happened.
struct Waited {
  const std::atomic<std::uint32_t>& word;
  std::uint32_t expected;
};

/// Waits while both words are as expected: one in shared memory, which may be mapped read-only, and one of
/// this process.
/// @return false if the kernel cannot wait on two words (before Linux 5.16)
[[nodiscard]] bool futex_wait_either(Waited shared, Waited own, Deadline deadline);

}  // namespace aludel::os
