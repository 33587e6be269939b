// SPDX-License-Identifier: MIT
#include "support/layered_vfs.hpp"

#include "base/assert.hpp"

namespace aludel {

struct LayeredVfs::Vfs {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
};

// In memory of SQLite's, with the file of the layer below behind it.
struct LayeredVfs::File {
  sqlite3_file file;
  LayeredVfs* layer;
  int number;
  sqlite3_file* under() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct LayeredVfs::Methods {
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* under(sqlite3_file* file) { return of(file).under(); }
  static const sqlite3_io_methods& methods(sqlite3_file* file) { return *under(file)->pMethods; }
  static std::optional<int> before(sqlite3_file* file, Call call) {
    call.file = of(file).number;
    call.under = under(file);
    return of(file).layer->before(call);
  }

  static int close(sqlite3_file* f) { return methods(f).xClose(under(f)); }
  static int read(sqlite3_file* f, void* to, int count, sqlite3_int64 at) {
    if (const auto result = before(f, {.kind = Kind::read, .count = count, .offset = at})) return *result;
    return methods(f).xRead(under(f), to, count, at);
  }
  static int write(sqlite3_file* f, const void* from, int count, sqlite3_int64 at) {
    const Call call{.kind = Kind::write, .bytes = from, .count = count, .offset = at};
    if (const auto result = before(f, call)) return *result;
    return methods(f).xWrite(under(f), from, count, at);
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    if (const auto result = before(f, {.kind = Kind::truncate, .offset = size})) return *result;
    return methods(f).xTruncate(under(f), size);
  }
  static int sync(sqlite3_file* f, int flags) {
    if (const auto result = before(f, {.kind = Kind::sync})) return *result;
    return methods(f).xSync(under(f), flags);
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    if (const auto result = before(f, {.kind = Kind::size})) return *result;
    return methods(f).xFileSize(under(f), out);
  }
  static int lock(sqlite3_file* f, int how) {
    if (const auto result = before(f, {.kind = Kind::lock})) return *result;
    return methods(f).xLock(under(f), how);
  }
  static int unlock(sqlite3_file* f, int how) { return methods(f).xUnlock(under(f), how); }
  static int is_reserved(sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(under(f), out); }
  static int control(sqlite3_file* f, int what, void* with) {
    return methods(f).xFileControl(under(f), what, with);
  }
  static int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(under(f)); }
  static int characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(under(f)); }
  static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    if (const auto result = before(f, {.kind = Kind::shm_map})) return *result;
    return methods(f).xShmMap(under(f), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int offset, int count, int flags) {
    const bool locks = (flags & SQLITE_SHM_LOCK) != 0;
    if (const auto result = locks ? before(f, {.kind = Kind::shm_lock}) : std::nullopt) return *result;
    return methods(f).xShmLock(under(f), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(under(f)); }
  static int shm_unmap(sqlite3_file* f, int removes) { return methods(f).xShmUnmap(under(f), removes); }

  static constexpr sqlite3_io_methods table{
      2,         close,       read,    write,       truncate,        sync,    size,     lock,
      unlock,    is_reserved, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
      shm_unmap, nullptr,     nullptr};

  static LayeredVfs& of(sqlite3_vfs* vfs) { return *static_cast<LayeredVfs*>(vfs->pAppData); }
  static sqlite3_vfs* base_of(sqlite3_vfs* vfs) { return of(vfs).vfs_->base; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto& layer = of(vfs);
    auto& opened = of(file);
    opened.file.pMethods = nullptr;
    opened.under()->pMethods = nullptr;
    if (const auto result = layer.before({.kind = Kind::open, .path = path})) return *result;
    const int result = base_of(vfs)->xOpen(base_of(vfs), path, opened.under(), flags, out);
    if (opened.under()->pMethods != nullptr) opened.file.pMethods = &table;
    opened.layer = &layer;
    opened.number = result == SQLITE_OK ? layer.opened(path, flags) : 0;
    return result;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    const Call call{.kind = Kind::remove, .path = path, .count = sync_folder};
    if (const auto result = of(vfs).before(call)) return *result;
    return base_of(vfs)->xDelete(base_of(vfs), path, sync_folder);
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    if (const auto result = of(vfs).before({.kind = Kind::access, .path = path})) return *result;
    return base_of(vfs)->xAccess(base_of(vfs), path, flags, out);
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
    if (const auto result = of(vfs).before({.kind = Kind::full_path, .path = path})) return *result;
    return base_of(vfs)->xFullPathname(base_of(vfs), path, size, out);
  }
};

LayeredVfs::LayeredVfs(const char* name) : vfs_(std::make_unique<Vfs>()) {
  vfs_->base = sqlite3_vfs_find(nullptr);
  auto& vfs = vfs_->vfs;
  vfs = *vfs_->base;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + vfs_->base->szOsFile;
  vfs.zName = name;
  vfs.pAppData = this;
  vfs.xOpen = Methods::open;
  vfs.xDelete = Methods::remove;
  vfs.xAccess = Methods::access;
  vfs.xFullPathname = Methods::full_path;
  ALUDEL_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

LayeredVfs::~LayeredVfs() {
  sqlite3_vfs_unregister(&vfs_->vfs);
  sqlite3_vfs_register(vfs_->base, 1);
}

int LayeredVfs::opened(const char*, int) {
  return 0;
}

}  // namespace aludel
