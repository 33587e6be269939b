// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// A page of memory that processes share through a small file. The file is never replaced or shortened, so a
/// mapping once made stays good. Zeros at first. Only atomics belong in it.
class SharedPage {
 public:
  static constexpr std::size_t size = 4096;

  /// Maps the page for reading and writing, making the file if there is none.
  static Result<SharedPage> open(const std::filesystem::path& path);
  /// Maps it for reading only.
  /// @return not_found if nobody has made it yet
  static Result<SharedPage> open_read_only(const std::filesystem::path& path);

  SharedPage(SharedPage&& other) noexcept
      : file_(std::move(other.file_)),
        data_(std::exchange(other.data_, nullptr)),
        device_(other.device_),
        inode_(other.inode_) {}
  SharedPage& operator=(SharedPage&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(data_, other.data_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
  }
  ~SharedPage();

  [[nodiscard]] void* data() const { return data_; }
  /// Whether the file still has its bytes: touching a page that was cut off ends the process.
  [[nodiscard]] bool whole() const;
  /// Which file it is, among all of the machine: a copy is another one.
  [[nodiscard]] std::uint64_t device() const { return device_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }

 private:
  SharedPage(Descriptor file, void* data, std::uint64_t device, std::uint64_t inode)
      : file_(std::move(file)), data_(data), device_(device), inode_(inode) {}
  static Result<SharedPage> map(Descriptor file, int protection, const std::filesystem::path& path);

  Descriptor file_;
  void* data_;
  std::uint64_t device_;
  std::uint64_t inode_;
};

}  // namespace aludel::os
