// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.hpp"

namespace aludel::os {

/// Gives up, for good, what this thread and whatever it starts could do beyond its user's rights: no program
/// that is started has more, and of root's capabilities there stays only the one to use files whatever their
/// mode says (CAP_DAC_OVERRIDE), as the files of whoever runs it may be another's. Call it before there are
/// other threads.
[[nodiscard]] Result<void> give_up_privileges();

}  // namespace aludel::os
