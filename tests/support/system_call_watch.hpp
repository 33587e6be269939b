// SPDX-License-Identifier: MIT
#pragma once

#include "support/system_calls.h"

namespace aludel {

/// While it lives it sees each call on files that its thread makes, be it from a library: as `LayeredVfs`, a
/// layer further down. What it calls itself it does not see. One at a time.
class SystemCallWatch {
 public:
  SystemCallWatch(const SystemCallWatch&) = delete;
  SystemCallWatch& operator=(const SystemCallWatch&) = delete;

 protected:
  SystemCallWatch();
  ~SystemCallWatch();

  virtual system_call_fate before(const system_call& call) = 0;
  virtual void after(const system_call& call) = 0;

 private:
  struct Observer;
};

}  // namespace aludel
