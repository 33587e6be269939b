// SPDX-License-Identifier: MIT
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace aludel {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "aludel: %s:%d: a bug: this must hold: %s\n", file, line, what);
  std::abort();
}

}  // namespace aludel
