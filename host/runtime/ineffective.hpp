// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "plugin/description.hpp"
#include "runtime/config.hpp"

namespace aludel {

/// What of a processor's config has no effect, a sentence each: a slip, probably, but the processor can do
/// without. Pure. What a handler subscribes to in `create` is not known yet.
[[nodiscard]] std::vector<std::string> without_effect(const ProcessorConfig& config,
                                                      const HandlerDescription& handler);

}  // namespace aludel
