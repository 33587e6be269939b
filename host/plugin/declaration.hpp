// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "plugin/description.hpp"

namespace aludel {

/// What a plugin declared, checked against every rule of plugin.h and copied.
struct Declaration {
  LibraryDescription description;
  /// One for each handler of `description`: its functions. Of the other members nothing is used any more.
  std::vector<aludel_handler> functions;
};

/// @param library as the entry point returned it, not null
/// @return refused: newer_minor, short_struct, misshapen_struct, missing_function, bad_handler_id, bad_text,
///   bad_subscription, duplicate_handler_id
[[nodiscard]] Result<Declaration> read_declaration(const std::filesystem::path& file,
                                                   const aludel_library* library);

/// Whether a subscription keeps to the rules: why not, or an empty string.
[[nodiscard]] std::string subscription_fault(std::uint32_t kind, std::string_view type);

}  // namespace aludel
