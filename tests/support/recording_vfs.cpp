// SPDX-License-Identifier: MIT
#include "support/recording_vfs.hpp"

#include <sqlite3.h>

#include "base/assert.hpp"

namespace aludel {

struct RecordingVfs::Vfs {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
};

// In memory of SQLite's, with the file of the system's behind it.
struct RecordingVfs::File {
  sqlite3_file file;
  RecordingVfs* recorder;
  int number;
  sqlite3_file* under() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct RecordingVfs::Methods {
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* under(sqlite3_file* file) { return of(file).under(); }
  static const sqlite3_io_methods& methods(sqlite3_file* file) { return *under(file)->pMethods; }

  static int close(sqlite3_file* f) { return methods(f).xClose(under(f)); }
  static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    return methods(f).xRead(under(f), to, size, at);
  }
  static int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    of(f).recorder->note({FileCall::Kind::write, of(f).number, static_cast<std::uint64_t>(at),
                          std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
    return methods(f).xWrite(under(f), from, size, at);
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    of(f).recorder->note({FileCall::Kind::truncate, of(f).number, static_cast<std::uint64_t>(size)});
    return methods(f).xTruncate(under(f), size);
  }
  static int sync(sqlite3_file* f, int) {
    auto& recorder = *of(f).recorder;
    recorder.note({FileCall::Kind::sync, of(f).number});
    // As SQLite's file system does for a new journal or write-ahead log.
    if (recorder.unlisted_.erase(of(f).number) > 0) recorder.note({FileCall::Kind::sync_folder});
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) { return methods(f).xFileSize(under(f), out); }
  static int lock(sqlite3_file* f, int how) { return methods(f).xLock(under(f), how); }
  static int unlock(sqlite3_file* f, int how) { return methods(f).xUnlock(under(f), how); }
  static int is_reserved(sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(under(f), out); }
  static int control(sqlite3_file* f, int what, void* with) {
    return methods(f).xFileControl(under(f), what, with);
  }
  static int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(under(f)); }
  static int characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(under(f)); }
  static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return methods(f).xShmMap(under(f), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int offset, int count, int flags) {
    return methods(f).xShmLock(under(f), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(under(f)); }
  static int shm_unmap(sqlite3_file* f, int removes) { return methods(f).xShmUnmap(under(f), removes); }

  static constexpr sqlite3_io_methods table{
      2,         close,       read,    write,       truncate,        sync,    size,     lock,
      unlock,    is_reserved, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
      shm_unmap, nullptr,     nullptr};

  static RecordingVfs& of(sqlite3_vfs* vfs) { return *static_cast<RecordingVfs*>(vfs->pAppData); }
  static sqlite3_vfs* base_of(sqlite3_vfs* vfs) { return of(vfs).vfs_->base; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    constexpr int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    if ((flags & kept) == 0) return base_of(vfs)->xOpen(base_of(vfs), path, file, flags, out);
    auto& recorder = of(vfs);
    auto& opened = of(file);
    opened.under()->pMethods = nullptr;
    const int result = base_of(vfs)->xOpen(base_of(vfs), path, opened.under(), flags, out);
    opened.file.pMethods = result == SQLITE_OK ? &table : nullptr;
    opened.recorder = &recorder;
    opened.number = 0;
    if (result != SQLITE_OK || !recorder.records(path)) return result;
    const auto made = recorder.files_made_;
    opened.number = recorder.number_of(std::filesystem::path(path).filename().string());
    if (opened.number > made && (flags & SQLITE_OPEN_MAIN_DB) == 0) recorder.unlisted_.insert(opened.number);
    return result;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto& recorder = of(vfs);
    if (recorder.records(path)) {
      const auto name = std::filesystem::path(path).filename().string();
      if (const auto found = recorder.files_.find(name); found != recorder.files_.end()) {
        recorder.note({FileCall::Kind::remove, found->second, 0, {}, name});
        recorder.files_.erase(name);
        if (sync_folder != 0) recorder.note({FileCall::Kind::sync_folder});
      }
    }
    return base_of(vfs)->xDelete(base_of(vfs), path, 0);
  }
};

RecordingVfs::RecordingVfs() : vfs_(std::make_unique<Vfs>()) {
  vfs_->base = sqlite3_vfs_find(nullptr);
  auto& vfs = vfs_->vfs;
  vfs = *vfs_->base;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + vfs_->base->szOsFile;
  vfs.zName = "recording";
  vfs.pAppData = this;
  vfs.xOpen = Methods::open;
  vfs.xDelete = Methods::remove;
  ALUDEL_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

RecordingVfs::~RecordingVfs() {
  sqlite3_vfs_unregister(&vfs_->vfs);
  sqlite3_vfs_register(vfs_->base, 1);
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
