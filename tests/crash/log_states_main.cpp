// SPDX-License-Identifier: MIT
// Checks what power losses may leave of a log: `./dev crash`.
#include <cstdio>

#include "crash_arguments.hpp"
#include "log_states.hpp"

int main(int argc, char** argv) {
  const auto arguments = aludel::CrashArguments::parse(argc, argv);
  if (!arguments) return 2;
  aludel::LogStates states;
  const auto wrong = arguments->only ? states.check_only(*arguments->only)
                                     : states.check(arguments->seed, arguments->states);
  std::fputs(states.tally().table().c_str(), stdout);
  if (wrong) std::printf("%s\n", wrong->c_str());
  std::printf("%llu states of the log, %s\n", static_cast<unsigned long long>(states.tally().total()),
              wrong ? "the last one is wrong" : "all good");
  return wrong ? 1 : 0;
}
