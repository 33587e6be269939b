// SPDX-License-Identifier: MIT
#pragma once

namespace aludel {

/// Prints what did not hold and aborts. Nothing is unwound: after a bug no state is to be trusted.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;

}  // namespace aludel

/// For bugs only, always on. An operation that can fail returns a `Result` instead.
#define ALUDEL_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::aludel::assertion_failed(#condition, __FILE__, __LINE__))
