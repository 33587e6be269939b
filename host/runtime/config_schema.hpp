// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aludel {

/// What is wrong with a processor's config by what its handler declares of it, for people; nothing if all is
/// well. Of JSON Schema it knows `type`, `properties`, `required`, `additionalProperties: false`, `enum`,
/// `minimum` and `maximum`; all else in the schema is passed over, as is a schema that cannot be read: the
/// handler's `create` has the last word anyway.
/// @param schema JSON; empty: anything goes  @param config JSON
[[nodiscard]] std::optional<std::string> config_fault(std::string_view schema, std::string_view config);

}  // namespace aludel
