// SPDX-License-Identifier: MIT
#include "plugin/call_errors.hpp"

#include <algorithm>
#include <new>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"

namespace aludel {

namespace {

// Long enough for every use, and short enough for arithmetic with durations not to overflow.
constexpr std::uint64_t retry_after_ms_max = 365ULL * 24 * 60 * 60 * 1'000;

}  // namespace

void CallErrors::forget() {
  present_ = false;
  has_outage_ = false;
  latest_ = {};
  outage_ = {};
}

std::int32_t CallErrors::fail(std::int32_t result, std::string_view code, std::string_view message) {
  present_ = true;
  latest_ = {};
  latest_.code = code;
  latest_.message = repaired_utf8(message, limits::error_message_max);
  return result;
}

std::int32_t CallErrors::outage(std::string_view code, std::string_view message) noexcept {
  present_ = true;
  has_outage_ = true;
  try {
    outage_ = {};
    outage_.code = code;
    outage_.message = repaired_utf8(message, limits::error_message_max);
  } catch (const std::bad_alloc&) {
    // The flag alone makes the outcome fatal.
  }
  return ALUDEL_IO_ERROR;
}

std::int32_t CallErrors::set(const aludel_error* error) {
  aludel_error said;
  if (copy_struct(error, said) != StructFault::none) {
    return fail(ALUDEL_MISUSE, "misuse", "set_error: the error is NULL, or its struct_size is not sizeof");
  }
  if (!is_readable(said.code) || !is_readable(said.message) || !is_readable(said.detail_json)) {
    return fail(ALUDEL_MISUSE, "misuse", "set_error: a string is NULL with a size");
  }
  present_ = true;
  latest_ = {};
  latest_.code = repaired_utf8(view_of(said.code), limits::error_code_max);
  if (latest_.code.empty()) latest_.code = "unspecified";
  latest_.message = repaired_utf8(view_of(said.message), limits::error_message_max);
  latest_.detail_json = repaired_utf8(view_of(said.detail_json), limits::error_detail_max);
  latest_.retry_after = std::chrono::milliseconds(std::min(said.retry_after_ms, retry_after_ms_max));
  if (said.event_id != UINT64_MAX) latest_.event_id = said.event_id;
  return ALUDEL_OK;
}

}  // namespace aludel
