// SPDX-License-Identifier: MIT
#include "runtime/idle.hpp"

namespace aludel {

std::string describe(const LeftOut& left_out) {
  return left_out.handler + " (" + left_out.library.string() + ") requires config: write [processor." +
         left_out.name + "] with handler = \"" + left_out.handler +
         "\" and config = { ... } into aludel.toml";
}

std::optional<Idle> why_idle(const Plan& plan, const std::vector<InspectedPlugin>& plugins,
                             bool folder_named) {
  if (!plan.processors.empty() || !plan.refused.empty()) return std::nullopt;
  if (plugins.empty() && !folder_named) {
    return Idle{false, no_plugin_folder};
  }
  std::string reasons;
  const auto add = [&](const std::string& reason) { reasons += (reasons.empty() ? "" : "; ") + reason; };
  for (const auto& left_out : plan.left_out)
    add(describe(left_out));
  for (const auto& plugin : plugins) {
    if (!plugin.library) add(plugin.library.error().message);
  }
  if (reasons.empty()) add("the plugin folders hold no plugin (*.so)");
  return Idle{true, "no processor runs: " + reasons};
}

}  // namespace aludel
