// SPDX-License-Identifier: MIT
#include "base/os/privileges.hpp"

#include <cerrno>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aludel::os {

Result<void> give_up_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("give up new privileges", errno);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return os_error("look at the capabilities", errno);
  constexpr std::uint32_t kept = 1U << CAP_DAC_OVERRIDE;
  for (auto& set : sets) {
    const auto left = &set == &sets[0] ? set.permitted & kept : 0;
    set = {set.effective & left, left, 0};
  }
  if (::syscall(SYS_capset, &header, sets) != 0) return os_error("give up capabilities", errno);
  return {};
}

}  // namespace aludel::os
