// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <aludel/plugin.h>
#include <cstdint>
#include <cstring>

#include "base/limits.hpp"

/// Structs that a plugin made. None is used in place: each is copied into one of our own, so that a shorter
/// one of an older plugin reads as zeros and a longer one of a newer plugin as what we know of it.
namespace aludel {

/// The size that a struct had in version 1.0, frozen for ever: sizeof grows, this does not.
template <typename Struct>
inline constexpr std::uint32_t first_size = 0;
template <>
inline constexpr std::uint32_t first_size<aludel_library> = 24;
template <>
inline constexpr std::uint32_t first_size<aludel_handler> = 208;
template <>
inline constexpr std::uint32_t first_size<aludel_subscription> = 24;
template <>
inline constexpr std::uint32_t first_size<aludel_error> = 72;
template <>
inline constexpr std::uint32_t first_size<aludel_new_event> = 80;

enum class StructFault {
  none,
  missing,    ///< a null pointer
  too_short,  ///< struct_size below version 1.0's
  misshapen,  ///< struct_size over 4,096 or no multiple of 8
};

/// Copies what both sides know of a struct that begins with its struct_size; the rest of `out` is zero.
/// `from` may be unaligned.
template <typename Struct>
[[nodiscard]] StructFault copy_struct(const void* from, Struct& out) {
  static_assert(first_size<Struct> != 0 && first_size<Struct> <= sizeof(Struct));
  out = {};
  if (from == nullptr) return StructFault::missing;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < first_size<Struct>) return StructFault::too_short;
  if (size > limits::plugin_struct_max || size % 8 != 0) return StructFault::misshapen;
  std::memcpy(&out, from, std::min<std::size_t>(size, sizeof out));
  return StructFault::none;
}

/// Whether a string may be read at all.
[[nodiscard]] inline bool is_readable(const aludel_str& text) {
  return text.data != nullptr || text.size == 0;
}

[[nodiscard]] inline std::string_view view_of(const aludel_str& text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

/// A string for a plugin: never a null pointer. What it is made of must be followed by a NUL.
[[nodiscard]] inline aludel_str abi_str(std::string_view text) {
  return {text.data() == nullptr ? "" : text.data(), text.size()};
}

}  // namespace aludel
