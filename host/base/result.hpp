// SPDX-License-Identifier: MIT
#pragma once

#include <boost/system/result.hpp>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace aludel {

/// The outcome of an operation that can fail: a value or an `Error`.
///
///     if (auto r = file.sync(); !r) return r.error();
template <typename T>
using Result = boost::system::result<T, Error>;

/// `value()` on a failed result is a bug of the caller, never a way to report.
/// Found by boost::system::result through argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  assertion_failed(error.message.c_str(), where.file_name(), static_cast<int>(where.line()));
}

}  // namespace aludel
