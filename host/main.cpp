// SPDX-License-Identifier: MIT
#include <cstdio>

int main() {
  std::fputs("aludel: no command is built yet\n", stderr);
  return 2;
}
