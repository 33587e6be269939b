// SPDX-License-Identifier: MIT
#include "base/os/fault_report.hpp"

#include <csignal>
#include <execinfo.h>
#include <initializer_list>
#include <unistd.h>

namespace aludel::os {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALUDEL_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALUDEL_HAS_SANITIZER 1
#endif
#endif

#ifdef ALUDEL_HAS_SANITIZER

void report_faults() {}

#else

namespace {

constexpr int frames_max = 16;                 // the last 4 KiB of what it wrote are kept
constexpr std::size_t stack_size = 64 * 1024;  // to unwind takes more than the least that is allowed
alignas(16) char own_stack[stack_size];        // of the thread that called

// Allocates nothing: the heap may be what is broken. A fault in here ends the process at once.
void on_fault(int signal) {
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, fault_report_head.data(), fault_report_head.size());
  void* frames[frames_max];
  const int count = ::backtrace(frames, frames_max);
  constexpr int own = 1;
  if (count > own) ::backtrace_symbols_fd(frames + own, count - own, STDERR_FILENO);
  ::raise(signal);  // comes once this function returns, to the default
}

}  // namespace

void report_faults() {
  // Its first use loads a library.
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  stack_t stack{};
  stack.ss_sp = own_stack;
  stack.ss_size = sizeof own_stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction handling {};
  handling.sa_handler = on_fault;
  handling.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    ::sigaction(signal, &handling, nullptr);
}

#endif

}  // namespace aludel::os
