// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace aludel {

/// Where things lie in a data directory.
class DataDirectory {
 public:
  explicit DataDirectory(std::filesystem::path root) : root_(std::move(root)) {}

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path config() const { return root_ / "aludel.toml"; }
  [[nodiscard]] std::filesystem::path log() const { return root_ / "log"; }
  [[nodiscard]] std::filesystem::path socket() const { return root_ / "aludel.sock"; }
  [[nodiscard]] std::filesystem::path processors() const { return root_ / "processors"; }
  [[nodiscard]] std::filesystem::path processor(std::string_view name) const { return processors() / name; }
  /// What the host keeps of its processors, out of their plugins' reach.
  [[nodiscard]] std::filesystem::path host_folders() const { return root_ / "host"; }
  [[nodiscard]] std::filesystem::path host_folder(std::string_view name) const {
    return host_folders() / name;
  }

  /// The names that have a folder under `processors/`, sorted.
  [[nodiscard]] Result<std::vector<std::string>> list_processors() const;
  /// The same for those who make do with what can be seen: none if they cannot be listed.
  [[nodiscard]] std::vector<std::string> processor_names() const;

 private:
  std::filesystem::path root_;
};

}  // namespace aludel
