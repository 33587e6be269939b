// SPDX-License-Identifier: MIT
#include "support/recording_file_system.hpp"

#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace aludel {

class RecordingFileSystem::RecordingFile final : public os::File {
 public:
  RecordingFile(RecordingFileSystem& files, int number, std::unique_ptr<os::File> under)
      : files_(files),
        number_(number),
        under_(std::move(under)),
        process_(files_.process_),
        errors_seen_(files_.errors_[number_]) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    return under_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    std::string bytes;
    for (const auto part : parts)
      bytes += part;
    const std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.live(process_); !ok) return ok;
    const bool fails = std::exchange(files_.fail_write_, false);
    if (fails) bytes.resize(bytes.size() / 2);
    const std::string_view written = bytes;
    auto done = under_->write_at(offset, std::span(&written, 1));
    files_.calls_.push_back({FileCall::Kind::write, number_, offset, bytes});
    return fails ? os_error("write", ENOSPC) : done;
  }
  // Whether it happens on this machine is of no account. A failure is told once to each descriptor that was
  // open then.
  Result<void> sync_data() override {
    const std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.live(process_); !ok) return ok;
    auto& errors = files_.errors_[number_];
    if (files_.sync_fails()) ++errors;
    const bool fails = std::exchange(errors_seen_, errors) != errors;
    files_.calls_.push_back({fails ? FileCall::Kind::failed_sync : FileCall::Kind::sync, number_});
    return fails ? os_error("sync", EIO) : Result<void>();
  }
  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(files_.mutex_);
    if (auto ok = files_.live(process_); !ok) return ok;
    files_.calls_.push_back({FileCall::Kind::truncate, number_, size});
    return under_->truncate(size);
  }
  Result<std::uint64_t> size() override { return under_->size(); }
  Result<os::FileStatus> status() override { return under_->status(); }
  Result<std::unique_ptr<os::Mapping>> map(std::size_t size) override { return under_->map(size); }

 private:
  RecordingFileSystem& files_;
  const int number_;
  const std::unique_ptr<os::File> under_;
  const int process_;  // that has it open
  int errors_seen_;    // by this descriptor
};

RecordingFileSystem::RecordingFileSystem(std::filesystem::path folder, os::FileSystem& under)
    : folder_(std::move(folder)), under_(under) {
  if (const auto names = under_.list(folder_)) {
    for (const auto& name : *names)
      files_[name] = ++files_made_;
  }
}

void RecordingFileSystem::fail_syncs(int count, int passed) {
  const std::lock_guard lock(mutex_);
  syncs_fail_ = count;
  syncs_pass_ = passed;
}

void RecordingFileSystem::die_after(int passed) {
  const std::lock_guard lock(mutex_);
  lives_for_ = passed;
}

bool RecordingFileSystem::is_dead() const {
  const std::lock_guard lock(mutex_);
  return lives_for_ == 0;
}

void RecordingFileSystem::revive() {
  const std::lock_guard lock(mutex_);
  lives_for_.reset();
  ++process_;
}

Result<void> RecordingFileSystem::live(int process) {
  if (process != process_ || lives_for_ == 0) return os_error("killed", EIO);
  if (lives_for_) --*lives_for_;
  return {};
}

bool RecordingFileSystem::sync_fails() {
  if (syncs_fail_ == 0) return false;
  const bool fails = syncs_pass_ == 0;
  --(syncs_pass_ > 0 ? syncs_pass_ : syncs_fail_);
  return fails;
}

void RecordingFileSystem::fail_next_write() {
  const std::lock_guard lock(mutex_);
  fail_write_ = true;
}

FileCalls RecordingFileSystem::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t RecordingFileSystem::position() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

Result<std::unique_ptr<os::File>> RecordingFileSystem::open(const std::filesystem::path& path,
                                                            os::OpenMode mode) {
  const std::lock_guard lock(mutex_);
  if (mode == os::OpenMode::create_new) {
    if (auto ok = live(process_); !ok) return ok.error();
  }
  auto file = under_.open(path, mode);
  if (!file) return file.error();
  const auto name = path.filename().string();
  if (mode == os::OpenMode::create_new) {
    files_[name] = ++files_made_;
    calls_.push_back({FileCall::Kind::create, files_made_, 0, {}, name});
  }
  return std::make_unique<RecordingFile>(*this, files_.at(name), std::move(*file));
}

Result<void> RecordingFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::lock_guard lock(mutex_);
  if (auto ok = live(process_); !ok) return ok;
  if (auto ok = under_.rename(from, to); !ok) return ok;
  const auto old_name = from.filename().string();
  const auto new_name = to.filename().string();
  files_[new_name] = files_.at(old_name);
  files_.erase(old_name);
  calls_.push_back({FileCall::Kind::rename, files_.at(new_name), 0, {}, old_name, new_name});
  return {};
}

Result<void> RecordingFileSystem::remove(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  if (auto ok = live(process_); !ok) return ok;
  if (auto ok = under_.remove(path); !ok) return ok;
  const auto name = path.filename().string();
  calls_.push_back({FileCall::Kind::remove, files_.at(name), 0, {}, name});
  files_.erase(name);
  return {};
}

Result<os::FileStatus> RecordingFileSystem::status(const std::filesystem::path& path) {
  return under_.status(path);
}

Result<bool> RecordingFileSystem::create_directory(const std::filesystem::path& path) {
  return under_.create_directory(path);
}

Result<void> RecordingFileSystem::sync_directory(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  if (auto ok = live(process_); !ok) return ok;
  if (path == folder_) calls_.push_back({FileCall::Kind::sync_folder});
  return {};
}

Result<std::uint64_t> RecordingFileSystem::free_space(const std::filesystem::path& path) {
  return os::real_file_system().free_space(path);
}

Result<std::vector<std::string>> RecordingFileSystem::list(const std::filesystem::path& path) {
  return under_.list(path);
}

}  // namespace aludel
