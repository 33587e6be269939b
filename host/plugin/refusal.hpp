// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

/// Why a plugin is refused: the stable codes in `Error::reason` (docs/abi.md lists them with an example
/// each).
namespace aludel::refusal {

inline constexpr std::string_view not_found = "not_found";          ///< no such file
inline constexpr std::string_view not_a_library = "not_a_library";  ///< not a shared object, or damaged
inline constexpr std::string_view wrong_machine = "wrong_machine";  ///< for another processor or word size
inline constexpr std::string_view not_loadable =
    "not_loadable";                                       ///< dlopen failed: a library or symbol is missing
inline constexpr std::string_view no_entry = "no_entry";  ///< exports no aludel_plugin_v*
inline constexpr std::string_view wrong_major = "wrong_major";    ///< exports another major's entry only
inline constexpr std::string_view newer_minor = "newer_minor";    ///< requires a newer host
inline constexpr std::string_view declined = "declined";          ///< its entry returned NULL
inline constexpr std::string_view short_struct = "short_struct";  ///< a struct_size below version 1.0's
inline constexpr std::string_view misshapen_struct =
    "misshapen_struct";  ///< a struct_size over 4,096 or no multiple of 8, NULL or bad counts
inline constexpr std::string_view missing_function = "missing_function";  ///< a required function is NULL
inline constexpr std::string_view bad_handler_id = "bad_handler_id";
inline constexpr std::string_view duplicate_handler_id =
    "duplicate_handler_id";  ///< in one plugin, or in two files
inline constexpr std::string_view bad_subscription = "bad_subscription";
inline constexpr std::string_view bad_text =
    "bad_text";  ///< a description's string is NULL with a size, or no UTF-8
inline constexpr std::string_view untrusted = "untrusted";        ///< others can write to it
inline constexpr std::string_view not_allowed = "not_allowed";    ///< its digest is none that may run
inline constexpr std::string_view other_digest = "other_digest";  ///< it is not the file that was pinned
inline constexpr std::string_view crashed = "crashed";            ///< the inspecting child died
inline constexpr std::string_view timed_out = "timed_out";        ///< the inspecting child took over 5 s

/// "refuse <file>: <text>", with the code `refused` and the reason.
/// @param text which rule was broken, and what to do
[[nodiscard]] Error error(const std::filesystem::path& file, std::string_view reason, std::string_view text);

}  // namespace aludel::refusal
