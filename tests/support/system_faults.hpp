// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "support/system_call_watch.hpp"

namespace aludel {

/// Counts what its thread asks of the system about files, and makes chosen calls fail. One at a time.
class SystemFaults final : public SystemCallWatch {
 public:
  enum class Of {
    io,           ///< each call: EIO
    disk_full,    ///< what makes names or changes files: ENOSPC
    half_writes,  ///< writes: they do half of their work and say so
  };

  /// The call of this kind after `passed` more of them fails, and the `count - 1` after it; a write does half
  /// of its work first.
  /// @param of calls on names those alone that end with this
  SystemFaults(Of what, std::size_t passed, std::size_t count, std::string_view of = {})
      : what_(what), passed_(passed), count_(count), of_(of) {}

  /// How many have failed.
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  system_call_fate before(const system_call& call) override;
  void after(const system_call&) override {}
  [[nodiscard]] bool concerns(const system_call& call) const;

  const Of what_;
  const std::size_t passed_;
  const std::size_t count_;
  const std::string of_;
  std::size_t seen_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace aludel
