// SPDX-License-Identifier: MIT
#include "base/os/futex.hpp"

#include <cerrno>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aludel::os {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && std::atomic<std::uint32_t>::is_always_lock_free);

namespace {

int scoped(int operation, Scope scope) {
  return scope == Scope::process ? operation | FUTEX_PRIVATE_FLAG : operation;
}

// steady_clock is CLOCK_MONOTONIC, which the futex calls used here measure absolute deadlines by.
timespec to_timespec(std::chrono::steady_clock::time_point time) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Scope scope,
                Deadline deadline) {
  const auto end = to_timespec(deadline.value_or(std::chrono::steady_clock::time_point{}));
  ::syscall(SYS_futex, &word, scoped(FUTEX_WAIT_BITSET, scope), expected, deadline ? &end : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int count, Scope scope) {
  ::syscall(SYS_futex, &word, scoped(FUTEX_WAKE, scope), count);
}

bool futex_wait_either(Waited shared, Waited own, Deadline deadline) {
#ifdef SYS_futex_waitv
  const auto end = to_timespec(deadline.value_or(std::chrono::steady_clock::time_point{}));
  futex_waitv words[2] = {};
  words[0].val = shared.expected;
  words[0].uaddr = reinterpret_cast<std::uintptr_t>(&shared.word);
  words[0].flags = FUTEX_32;
  words[1].val = own.expected;
  words[1].uaddr = reinterpret_cast<std::uintptr_t>(&own.word);
  words[1].flags = FUTEX_32 | FUTEX_PRIVATE_FLAG;
  const auto result = ::syscall(SYS_futex_waitv, words, 2, 0, deadline ? &end : nullptr, CLOCK_MONOTONIC);
  return result >= 0 || errno != ENOSYS;
#else
  (void)shared, (void)own, (void)deadline;
  return false;
#endif
}

}  // namespace aludel::os
