// SPDX-License-Identifier: MIT
#include "support/recording_vfs.hpp"

namespace aludel {

RecordingVfs::RecordingVfs() : LayeredVfs("recording") {}

std::optional<int> RecordingVfs::before(const Call& call) {
  switch (call.kind) {
    case Kind::write:
      note({FileCall::Kind::write, call.file, static_cast<std::uint64_t>(call.offset),
            std::string(static_cast<const char*>(call.bytes), static_cast<std::size_t>(call.count))});
      return std::nullopt;
    case Kind::truncate:
      note({FileCall::Kind::truncate, call.file, static_cast<std::uint64_t>(call.offset)});
      return std::nullopt;
    case Kind::sync:
      note({FileCall::Kind::sync, call.file});
      // As SQLite's file system does for a new journal or write-ahead log.
      if (unlisted_.erase(call.file) > 0) note({FileCall::Kind::sync_folder});
      return SQLITE_OK;
    case Kind::remove: note_removed(call); return std::nullopt;
    default: return std::nullopt;
  }
}

void RecordingVfs::note_removed(const Call& call) {
  if (!records(call.path)) return;
  const auto name = std::filesystem::path(call.path).filename().string();
  const auto found = files_.find(name);
  if (found == files_.end()) return;
  note({FileCall::Kind::remove, found->second, 0, {}, name});
  files_.erase(name);
  if (call.count != 0) note({FileCall::Kind::sync_folder});
}

int RecordingVfs::opened(const char* path, int flags) {
  constexpr int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  if ((flags & kept) == 0 || !records(path)) return 0;
  const auto made = files_made_;
  const auto number = number_of(std::filesystem::path(path).filename().string());
  if (number > made && (flags & SQLITE_OPEN_MAIN_DB) == 0) unlisted_.insert(number);
  return number;
}

void RecordingVfs::record(const std::filesystem::path& folder) {
  folder_ = std::filesystem::canonical(folder);
  calls_.clear();
  files_.clear();
  unlisted_.clear();
  files_made_ = 0;
  const std::set<std::filesystem::path> there(std::filesystem::directory_iterator(folder_), {});
  for (const auto& path : there)
    files_[path.filename().string()] = ++files_made_;
}

FileCalls RecordingVfs::stop() {
  note_link();
  folder_.clear();
  return std::move(calls_);
}

bool RecordingVfs::records(const char* path) const {
  return !folder_.empty() && path != nullptr && std::filesystem::path(path).parent_path() == folder_;
}

int RecordingVfs::number_of(const std::string& name) {
  note_link();
  const auto [found, is_new] = files_.emplace(name, files_made_ + 1);
  if (is_new) note({FileCall::Kind::create, ++files_made_, 0, {}, name});
  return found->second;
}

// A link is made apart from SQLite, and the folder is synced after it.
void RecordingVfs::note_link() {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const auto name = entry.path().filename().string();
    if (!entry.is_symlink() || files_.contains(name)) continue;
    const auto number = files_[name] = ++files_made_;
    calls_.push_back(
        {FileCall::Kind::create, number, 0, std::filesystem::read_symlink(entry.path()).string(), name});
    calls_.push_back({FileCall::Kind::sync_folder});
  }
}

void RecordingVfs::note(FileCall call) {
  if (folder_.empty()) return;
  note_link();
  if (call.kind == FileCall::Kind::create || call.file != 0 || call.kind == FileCall::Kind::sync_folder)
    calls_.push_back(std::move(call));
}

}  // namespace aludel
