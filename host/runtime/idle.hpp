// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan.hpp"

namespace aludel {

/// Why a host has no processor to run.
struct Idle {
  bool by_mistake = false;  ///< plugins were asked for; false: nobody asked for any
  std::string why;          ///< one line, with what to do
};

inline constexpr const char* no_plugin_folder =
    "no plugin folder is named: [host] plugin_dirs, --plugin-dir or ALUDEL_PLUGIN_PATH";

/// @param folders in which plugins were looked for
/// @return nothing if there is a processor, be it one that is refused: that one tells why itself
[[nodiscard]] std::optional<Idle> why_idle(const Plan& plan, const std::vector<InspectedPlugin>& plugins,
                                           const std::vector<std::filesystem::path>& folders);

/// "org.example.x (x.so) requires config: ..." with the lines to write.
[[nodiscard]] std::string describe(const LeftOut& left_out);

}  // namespace aludel
