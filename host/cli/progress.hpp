// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace aludel {

/// A bar on stderr, if that is a terminal, for what takes over a second. Wiped at the end, or by `wipe`,
/// which goes before anything else is printed. One thread.
class Progress {
 public:
  /// @param total 0: not known, then only what is done is shown
  Progress(std::string what, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// @param done of `total`  @param note shown behind the bar
  void update(std::uint64_t done, const std::string& note);
  void wipe();
  [[nodiscard]] std::chrono::steady_clock::duration elapsed() const {
    return std::chrono::steady_clock::now() - begin_;
  }

 private:
  const std::string what_;
  const std::uint64_t total_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_;
  bool shown_ = false;
};

/// Shows what was done of so many bytes on a bar of 1,000, for whoever tells both.
[[nodiscard]] std::function<void(std::uint64_t done, std::uint64_t total)> progress_of_bytes(
    Progress& progress);

}  // namespace aludel
