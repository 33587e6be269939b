// SPDX-License-Identifier: MIT
#include "support/system_faults.hpp"

#include <cerrno>

namespace aludel {

bool SystemFaults::concerns(const system_call& call) const {
  if (!of_.empty() && (call.path == nullptr || !std::string_view(call.path).ends_with(of_))) return false;
  switch (what_) {
    case Of::io: return true;
    case Of::disk_full: return call.kind != SYSTEM_CALL_OTHER;
    case Of::half_writes: return call.kind == SYSTEM_CALL_WRITE && call.count > 1;
  }
  return false;
}

system_call_fate SystemFaults::before(const system_call& call) {
  if (!concerns(call)) return SYSTEM_CALL_WHOLE;
  const auto index = seen_++;
  if (index < passed_ || index - passed_ >= count_) return SYSTEM_CALL_WHOLE;
  ++failed_;
  if (what_ == Of::half_writes) return SYSTEM_CALL_HALF;
  errno = what_ == Of::io ? EIO : ENOSPC;
  return SYSTEM_CALL_FAILED;
}

}  // namespace aludel
