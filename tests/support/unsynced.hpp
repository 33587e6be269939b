// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/system_call_watch.hpp"

namespace aludel {

/// Knows which files and folders have changes that a power loss may take, of all that its thread has done
/// since it was made: bytes until the file is synced, names until their folder is. One at a time.
class Unsynced final : public SystemCallWatch {
 public:
  /// Those in the tree, its root included, but for what is named `lock`.
  [[nodiscard]] std::vector<std::string> in(const std::filesystem::path& tree) const;

  /// Told of each rename before it is done.
  std::function<void(const std::filesystem::path& from, const std::filesystem::path& to)> on_rename;

 private:
  using Inode = std::pair<std::uint64_t, std::uint64_t>;

  system_call_fate before(const system_call& call) override;
  void after(const system_call& call) override;
  void name_changed(const std::filesystem::path& path);

  std::set<Inode> dirty_;
  bool is_new_ = false;  // the file of the call that is under way
};

}  // namespace aludel
