// SPDX-License-Identifier: MIT
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace aludel {

/// Runs the function in a process of its own, as what it does cannot be undone.
/// @return the exit status, which is what the function returned; -1: a signal ended it
template <typename Function>
int in_a_process(const Function& function) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(function());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace aludel
