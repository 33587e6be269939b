// SPDX-License-Identifier: MIT
#include <string_view>

#include "cli/cli.hpp"
#include "plugin/inspection.hpp"
#include "runtime/worker.hpp"

// A child of this program is this program under a hidden command.
int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == aludel::inspection_command) return aludel::run_inspector(argc, argv);
  if (command == aludel::processor_command) return aludel::run_child();
  return aludel::run_cli(argc, argv);
}
