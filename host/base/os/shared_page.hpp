// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/os/descriptor.hpp"
#include "base/os/mapped_memory.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// A page of memory that processes share through a small file. The file is never replaced, so a mapping once
/// made stays good, as long as nobody cuts the file. Zeros at first. Only atomics belong in it.
class SharedPage {
 public:
  static constexpr std::size_t size = 4096;

  /// Maps the page for reading and writing, making the file if there is none.
  static Result<SharedPage> open(const std::filesystem::path& path);
  /// Maps it for reading only.
  /// @return not_found if nobody has made it yet
  static Result<SharedPage> open_read_only(const std::filesystem::path& path);

  [[nodiscard]] void* data() const { return memory_.data(); }
  /// Whether the file still has its bytes.
  [[nodiscard]] bool whole() const;
  /// Whether the name is this file's, and no link's to it.
  [[nodiscard]] bool is_at(const std::filesystem::path& path) const;
  /// Whether it was touched when the file had not: it is this process's own page since, and zeros at first.
  [[nodiscard]] bool lost() const { return memory_.lost_from().has_value(); }
  /// Which file it is, among all of the machine: a copy is another one.
  [[nodiscard]] std::uint64_t device() const { return device_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }

 private:
  SharedPage(Descriptor file, MappedMemory memory, std::uint64_t device, std::uint64_t inode)
      : file_(std::move(file)), memory_(std::move(memory)), device_(device), inode_(inode) {}
  static Result<SharedPage> map(Descriptor file, MappedMemory::Access access,
                                const std::filesystem::path& path);

  Descriptor file_;
  MappedMemory memory_;
  std::uint64_t device_;
  std::uint64_t inode_;
};

}  // namespace aludel::os
