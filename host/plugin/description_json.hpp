// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "plugin/description.hpp"

/// How the inspecting child tells its parent what it found.
namespace aludel {

/// A description, or the error that the inspection ended with.
[[nodiscard]] std::string inspection_to_json(const Result<LibraryDescription>& found);

/// @return what `inspection_to_json` was given; nothing if the text is no such thing, whatever it is
[[nodiscard]] std::optional<Result<LibraryDescription>> inspection_from_json(std::string_view json_text);

}  // namespace aludel
