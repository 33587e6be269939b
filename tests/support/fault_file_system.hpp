// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/os/file.hpp"

namespace aludel {

/// Passes calls on, keeps a record of them, and makes chosen ones fail. Any thread. Syncs are recorded but
/// not done: a test that outlives its process alone does not need them, and has many.
class FaultFileSystem final : public os::FileSystem {
 public:
  struct Call {
    std::string name;  ///< as in os::File and os::FileSystem, for example "sync_data"
    std::string file;
    std::filesystem::path path;
    int descriptor = 0;  ///< each open has its own; 0 for calls on names
    bool failed = false;
  };

  explicit FaultFileSystem(os::FileSystem& under = os::real_file_system()) : under_(under) {}

  /// The call after `passed` more of them fails, and the `count - 1` after it. A write does half of its work
  /// first.
  void fail_after(std::size_t passed, int error_number, std::size_t count = 1) {
    const std::lock_guard lock(mutex_);
    fail_begin_ = calls_.size() + passed;
    fail_end_ = fail_begin_ + count;
    error_number_ = error_number;
    only_.clear();
  }
  /// The next `count` calls of this name fail.
  void fail_next(std::string name, int error_number, std::size_t count = 1) {
    fail_after(0, error_number, count);
    const std::lock_guard lock(mutex_);
    only_ = std::move(name);
    left_ = count;
  }
  void heal() { fail_after(0, 0, 0); }
  /// Called before each call is done. It may call the file system itself, and is not told of that.
  std::function<void(const Call&)> on_call;

  [[nodiscard]] std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  [[nodiscard]] bool failed_any(std::size_t since) const {
    const std::lock_guard lock(mutex_);
    for (auto i = since; i < calls_.size(); ++i) {
      if (calls_[i].failed) return true;
    }
    return false;
  }

  Result<std::unique_ptr<os::File>> open(const std::filesystem::path& path, os::OpenMode mode) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (auto fault = note("rename", to)) return *fault;
    return under_.rename(from, to);
  }
  Result<void> remove(const std::filesystem::path& path) override {
    if (auto fault = note("remove", path)) return *fault;
    return under_.remove(path);
  }
  Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (auto fault = note("link", to)) return *fault;
    return under_.link(from, to);
  }
  Result<os::FileStatus> status(const std::filesystem::path& path) override {
    if (auto fault = note("status", path)) return *fault;
    return under_.status(path);
  }
  Result<bool> create_directory(const std::filesystem::path& path) override {
    if (auto fault = note("create_directory", path)) return *fault;
    return under_.create_directory(path);
  }
  Result<void> sync_directory(const std::filesystem::path& path) override {
    if (auto fault = note("sync_directory", path)) return *fault;
    return {};
  }
  /// As much as was set, or what there is.
  Result<std::uint64_t> free_space(const std::filesystem::path& path) override {
    if (auto fault = note("free_space", path)) return *fault;
    const std::lock_guard lock(mutex_);
    return free_space_ ? *free_space_ : under_.free_space(path);
  }
  void set_free_space(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_space_ = bytes;
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& path) override {
    if (auto fault = note("list", path)) return *fault;
    return under_.list(path);
  }

 private:
  class FaultFile;

  std::optional<Error> note(const std::string& name, const std::filesystem::path& path, int descriptor = 0) {
    if (const auto tell = std::exchange(on_call, nullptr)) {
      tell({name, path.filename().string(), path, descriptor});
      on_call = tell;
    }
    const std::lock_guard lock(mutex_);
    const auto index = calls_.size();
    const bool chosen =
        only_.empty() ? index >= fail_begin_ && index < fail_end_ : left_ > 0 && name == only_;
    if (chosen && !only_.empty()) --left_;
    calls_.push_back({name, path.filename().string(), path, descriptor, chosen});
    if (!chosen) return std::nullopt;
    return os_error(name + " " + path.string(), error_number_);
  }

  os::FileSystem& under_;
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::size_t fail_begin_ = 0;
  std::size_t fail_end_ = 0;
  std::string only_;
  std::size_t left_ = 0;
  int error_number_ = 0;
  int descriptors_ = 0;
  std::optional<std::uint64_t> free_space_;
};

class FaultFileSystem::FaultFile final : public os::File {
 public:
  FaultFile(FaultFileSystem& files, std::filesystem::path path, int descriptor,
            std::unique_ptr<os::File> under)
      : files_(files), path_(std::move(path)), descriptor_(descriptor), under_(std::move(under)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    if (auto fault = note("read_at")) return *fault;
    return under_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    auto fault = note("write_at");
    if (!fault) return under_->write_at(offset, parts);
    std::string bytes;
    for (const auto part : parts)
      bytes += part;
    const std::string_view half = std::string_view(bytes).substr(0, bytes.size() / 2);
    (void)under_->write_at(offset, std::span(&half, 1));
    return *fault;
  }
  Result<void> sync_data() override {
    if (auto fault = note("sync_data")) return *fault;
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    if (auto fault = note("truncate")) return *fault;
    return under_->truncate(size);
  }
  Result<std::uint64_t> size() override {
    if (auto fault = note("size")) return *fault;
    return under_->size();
  }
  Result<os::FileStatus> status() override {
    if (auto fault = note("file_status")) return *fault;
    return under_->status();
  }
  Result<std::unique_ptr<os::Mapping>> map(std::size_t size) override {
    if (auto fault = note("map")) return *fault;
    return under_->map(size);
  }

 private:
  std::optional<Error> note(const std::string& name) { return files_.note(name, path_, descriptor_); }

  FaultFileSystem& files_;
  const std::filesystem::path path_;
  const int descriptor_;
  const std::unique_ptr<os::File> under_;
};

inline Result<std::unique_ptr<os::File>> FaultFileSystem::open(const std::filesystem::path& path,
                                                               os::OpenMode mode) {
  int descriptor = 0;
  {
    const std::lock_guard lock(mutex_);
    descriptor = ++descriptors_;
  }
  if (auto fault = note("open", path, descriptor)) return *fault;
  auto file = under_.open(path, mode);
  if (!file) return file.error();
  return std::make_unique<FaultFile>(*this, path, descriptor, std::move(*file));
}

}  // namespace aludel
