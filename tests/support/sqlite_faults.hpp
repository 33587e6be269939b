// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "support/layered_vfs.hpp"

namespace aludel {

/// Counts what SQLite asks of the file system and of the allocator, and makes chosen calls fail. One at a
/// time; one thread.
class SqliteFaults final : public LayeredVfs {
 public:
  enum class Of {
    io,         ///< each call on files: EIO, EMFILE where one is opened; a write does half of its work first
    disk_full,  ///< writes: ENOSPC, after half of the work
    memory,     ///< allocations
  };

  /// Puts the allocator below SQLite's: once, before SQLite is used at all.
  static void take_over_allocator();

  SqliteFaults() : LayeredVfs("faulty") {}

  /// The call of this kind after `passed` more of them fails, and the `count - 1` after it.
  void fail_after(Of what, std::size_t passed, std::size_t count);
  /// @return how many have failed since
  std::size_t heal();

  /// As long as one lives, nothing counts or fails.
  class Spared {
   public:
    Spared();
    ~Spared();
    Spared(const Spared&) = delete;
    Spared& operator=(const Spared&) = delete;
  };

 private:
  std::optional<int> before(const Call& call) override;
};

}  // namespace aludel
