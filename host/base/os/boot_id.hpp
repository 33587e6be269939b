// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.hpp"
#include "base/uuid.hpp"

namespace aludel::os {

/// The identity of the machine's present run: another after each boot. What shared memory or a page cache
/// holds can be believed only within one.
[[nodiscard]] Result<Uuid> boot_id();

}  // namespace aludel::os
