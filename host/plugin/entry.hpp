// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <filesystem>
#include <memory>

#include "base/result.hpp"

namespace aludel {

/// The type of aludel_plugin_v1.
using EntryFunction = const aludel_library*(ALUDEL_ABI*)(const aludel_hello*);

/// Maps the file into this process, for good, with all its symbols bound and none shown to others, and finds
/// its entry point. Runs its constructors. The one place that knows of Boost.DLL.
/// @return refused: not_loadable, no_entry, wrong_major
[[nodiscard]] Result<EntryFunction> load_entry(const std::filesystem::path& file);

/// Asks the entry point what the plugin holds.
/// @return refused: declined, with the plugin's reason
[[nodiscard]] Result<const aludel_library*> call_entry(const std::filesystem::path& file,
                                                       EntryFunction entry);

}  // namespace aludel
