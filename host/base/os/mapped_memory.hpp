// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace aludel::os {

/// A file's bytes as memory, shared with all who map it.
///
/// A file can be cut while it is mapped, and a disk can fail to read a page. Touching such bytes would end
/// the process by SIGBUS. Here zeros stand in for them, and for all behind them, in this mapping alone;
/// `lost_from` says so from then on. Whoever acts on what was read asks it after the reading and before the
/// act.
///
/// For that, the first mapping sets a handler for SIGBUS. It leaves alone what no mapping of these is at
/// fault for: the handler before it, or the default, takes that; unless `stand_in_everywhere` was called.
class MappedMemory {
 public:
  enum class Access { read, read_write };

  /// Maps the first `size` bytes, which may be more than the file has at present.
  /// @param path for the error
  static Result<MappedMemory> map(int file, std::size_t size, Access access, const std::string& path);

  /// From here on zeros stand in for what cannot be had of any other mapped file of this process too, page by
  /// page: a library, such as SQLite, maps what a plugin can cut. Not for where faults of a plugin's own are
  /// to be seen.
  static void stand_in_everywhere();

  MappedMemory(MappedMemory&& other) noexcept;
  MappedMemory& operator=(MappedMemory&& other) noexcept;
  ~MappedMemory();

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Where the page begins from which on what was touched could not be had. Any thread.
  [[nodiscard]] std::optional<std::size_t> lost_from() const;

 private:
  struct Guard;
  struct Guards;

  MappedMemory(void* data, std::size_t size, Guard* guard) : data_(data), size_(size), guard_(guard) {}

  void* data_ = nullptr;
  std::size_t size_ = 0;
  Guard* guard_ = nullptr;  ///< null: it was moved from
};

}  // namespace aludel::os
