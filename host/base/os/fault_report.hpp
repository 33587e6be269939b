// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace aludel::os {

/// With what a report begins; it goes on to the end of what the process wrote.
inline constexpr std::string_view fault_report_head = "calls that led to the fault, the last first:\n";

/// From now on, a fault signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS) that ends the
/// process has it write to stderr first which calls led to it. Its end is the same.
///
/// On this thread also of a stack that is full; another thread needs room on its own. Nothing is written if
/// somebody else handles the signal afterwards, and by a sanitizer's build, which reports by itself. Once a
/// process.
void report_faults();

}  // namespace aludel::os
