// SPDX-License-Identifier: MIT
#include "log/zero_fill.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/limits.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t ahead_min = 64 * limits::KiB;  // a small log stays small
constexpr std::uint64_t ahead_max = 4 * limits::MiB;
// From this size on writing the bytes costs more than what a sync saves.
constexpr std::uint64_t large_write = 64 * limits::KiB;

// How far zeros should reach beyond the blocks: as far as the segment has come, within bounds.
std::uint64_t ahead_of(std::uint64_t end) {
  return std::clamp(end, ahead_min, ahead_max);
}

std::string_view zeros() {
  static const std::vector<char> bytes(256 * limits::KiB);
  return {bytes.data(), bytes.size()};
}

}  // namespace

ZeroFill::ZeroFill(os::FileSystem& files) : files_(files), thread_([this] { run(); }) {}

ZeroFill::~ZeroFill() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ZeroFill::follow(const std::filesystem::path& path, std::uint64_t end, std::uint64_t filled,
                      std::uint64_t capacity) {
  leave();
  {
    const std::lock_guard lock(mutex_);
    target_ = {path, nullptr, end, std::max(end, filled), capacity, false};
    active_ = true;
  }
  changed_.notify_all();
}

void ZeroFill::claim(std::uint64_t end) {
  std::unique_lock lock(mutex_);
  if (end > target_.filled) {
    changed_.wait(lock, [this] { return !filling_; });
    target_.filled = std::max(target_.filled, end);
  }
  target_.large = end - target_.end >= large_write;
  target_.end = end;
  const bool wake = wanted();
  lock.unlock();
  if (wake) changed_.notify_all();
}

void ZeroFill::leave() {
  std::unique_lock lock(mutex_);
  active_ = false;
  changed_.wait(lock, [this] { return !filling_; });
}

bool ZeroFill::wanted() const {
  return active_ && !filling_ && !target_.large && target_.filled < target_.capacity &&
         target_.filled - target_.end < ahead_of(target_.end) / 2;
}

void ZeroFill::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || wanted(); });
    if (stop_) return;
    const auto to = std::min(target_.end + ahead_of(target_.end), target_.capacity);
    filling_ = true;
    lock.unlock();
    const bool done = fill(files_, target_, to);
    lock.lock();
    filling_ = false;
    if (done) {
      target_.filled = to;
    } else {
      active_ = false;  // the appends will meet the same trouble, and can tell somebody
    }
    changed_.notify_all();
  }
}

bool ZeroFill::fill(os::FileSystem& files, Target& target, std::uint64_t to) {
  if (!target.file) {
    auto file = files.open(target.path, os::OpenMode::read_write);
    if (!file) return false;
    target.file = std::move(*file);
  }
  std::vector<std::string_view> parts;
  for (auto at = target.filled; at < to; at += parts.back().size()) {
    parts.push_back(zeros().substr(0, std::min<std::uint64_t>(zeros().size(), to - at)));
  }
  return target.file->write_at(target.filled, parts).has_value() && target.file->sync_data().has_value();
}

}  // namespace aludel
