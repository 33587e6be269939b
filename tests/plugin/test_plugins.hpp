// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace aludel {

/// Where the build put the plugins of these tests.
inline std::filesystem::path test_plugin(const std::string& name) {
  return std::filesystem::path(TEST_PLUGINS) / (name + ".so");
}
inline std::filesystem::path bad_plugin(const std::string& name) {
  return test_plugin("bad_" + name);
}
inline std::filesystem::path inspector() {
  return std::filesystem::path(TEST_PLUGINS) / "inspector";
}

}  // namespace aludel
