// SPDX-License-Identifier: MIT
#include "runtime/idle.hpp"

#include <system_error>

namespace aludel {

std::string describe(const LeftOut& left_out) {
  return left_out.handler + " (" + left_out.library.string() + ") requires config: write [processor." +
         left_out.name + "] with handler = \"" + left_out.handler +
         "\" and config = { ... } into aludel.toml";
}

std::optional<Idle> why_idle(const Plan& plan, const std::vector<InspectedPlugin>& plugins,
                             const std::vector<std::filesystem::path>& folders) {
  if (!plan.processors.empty() || !plan.refused.empty()) return std::nullopt;
  if (plugins.empty() && folders.empty()) {
    return Idle{false, no_plugin_folder};
  }
  std::string reasons;
  const auto add = [&](const std::string& reason) { reasons += (reasons.empty() ? "" : "; ") + reason; };
  for (const auto& left_out : plan.left_out)
    add(describe(left_out));
  for (const auto& plugin : plugins) {
    if (!plugin.library) add(plugin.library.error().message);
  }
  if (!reasons.empty()) return Idle{true, "no processor runs: " + reasons};
  for (const auto& folder : folders) {
    std::error_code ignored;
    const bool is_there = std::filesystem::exists(folder, ignored);
    add("the plugin folder " + folder.string() + (is_there ? " holds no plugin (*.so)" : " is not there"));
  }
  return Idle{true, "no processor runs: " + reasons};
}

}  // namespace aludel
