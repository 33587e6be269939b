// SPDX-License-Identifier: MIT
#include "base/os/fault_report.hpp"

#include <csignal>
#include <cstdint>
#include <dlfcn.h>
#include <execinfo.h>
#include <initializer_list>
#include <span>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

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

using Frames = std::span<void* const>;

void write_all(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

// Where this program lies; null: it cannot be told.
const void* program_base() {
  Dl_info about{};
  return ::dladdr(reinterpret_cast<const void*>(&report_faults), &about) != 0 ? about.dli_fbase : nullptr;
}

// "/usr/lib/libc.so.6(+0x8ac2c) abort": the file, the place in it, and the function, if the file exports it.
void write_frame(const void* frame, const Dl_info& about) {
  char line[1'024];
  const auto offset =
      reinterpret_cast<std::uintptr_t>(frame) - reinterpret_cast<std::uintptr_t>(about.dli_fbase);
  const std::string_view file = about.dli_fname == nullptr ? "?" : about.dli_fname;
  const std::string_view function = about.dli_sname == nullptr ? "" : about.dli_sname;
  const auto end = fmt::format_to_n(line, sizeof line - 1, "{}(+{:#x}){}{}", file.substr(0, 512), offset,
                                    function.empty() ? "" : " ", function.substr(0, 256));
  *end.out = '\n';
  write_all({line, static_cast<std::size_t>(end.out - line) + 1});
}

// The host's own calls in a row are one line: where in the host that was says nothing of the plugin. Nothing
// is told of what called the host.
void write_frames(Frames frames) {
  const auto* program = program_base();
  Dl_info about{};
  const auto is_own = [&](void* frame) {
    about = {};
    return ::dladdr(frame, &about) != 0 && about.dli_fbase == program;
  };
  std::size_t end = frames.size();
  if (end > 0 && is_own(frames[end - 1])) --end;  // _start, below the C library's part
  while (end > 0 && !is_own(frames[end - 1]))
    --end;
  if (end == 0) end = frames.size();  // of a thread of the plugin's
  bool was_own = false;
  for (auto* frame : frames.first(end)) {
    const bool own = is_own(frame);
    if (!own) write_frame(frame, about);
    if (own && !was_own) write_all("... in the host\n");
    was_own = own;
  }
}

// Allocates nothing: the heap may be what is broken. A fault in here ends the process at once.
void on_fault(int signal) {
  write_all(fault_report_head);
  void* frames[frames_max];
  const int count = ::backtrace(frames, frames_max);
  constexpr int own = 1;
  if (count > own) write_frames(Frames(frames, static_cast<std::size_t>(count)).subspan(own));
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
