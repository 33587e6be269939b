// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace aludel {

/// The command line: parses, calls, prints. Returns the exit status: 0 done, 1 a processor stopped or a check
/// failed, 2 wrong usage or config, 3 refused (locked, unreadable, corrupt).
int run_cli(int argc, char** argv);

/// The exit status that an error stands for.
[[nodiscard]] int exit_status(ErrorCode code);

/// As errors are told: one line on stderr.
void print_error(std::string_view message);

}  // namespace aludel
