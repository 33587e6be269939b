// SPDX-License-Identifier: MIT
#include "plugin/inspection.hpp"

int main(int argc, char** argv) {
  return aludel::run_inspector(argc, argv);
}
