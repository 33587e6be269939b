// SPDX-License-Identifier: MIT
#include "base/sqlite_clock_vfs.hpp"

#include <atomic>

#include <sqlite3.h>

#include "base/assert.hpp"

namespace aludel {

// Each function passes the default VFS itself on, as its functions look at their own object.
struct ClockVfs::Shim {
  sqlite3_vfs vfs{};
  sqlite3_vfs* base = nullptr;
  const std::int64_t* time_ns = nullptr;

  static Shim& of(sqlite3_vfs* vfs) { return *static_cast<Shim*>(vfs->pAppData); }
  static sqlite3_vfs* base_of(sqlite3_vfs* vfs) { return of(vfs).base; }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    return base_of(vfs)->xOpen(base_of(vfs), name, file, flags, out_flags);
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    return base_of(vfs)->xDelete(base_of(vfs), name, sync_directory);
  }
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return base_of(vfs)->xAccess(base_of(vfs), name, flags, out);
  }
  static int full_pathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return base_of(vfs)->xFullPathname(base_of(vfs), name, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return base_of(vfs)->xRandomness(base_of(vfs), size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int microseconds) {
    return base_of(vfs)->xSleep(base_of(vfs), microseconds);
  }
  static int last_error(sqlite3_vfs* vfs, int size, char* out) {
    return base_of(vfs)->xGetLastError(base_of(vfs), size, out);
  }
  static int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
    constexpr sqlite3_int64 julian_ms_of_1970 = 210'866'760'000'000;
    constexpr std::int64_t ns_per_ms = 1'000'000;
    const std::int64_t ns = *of(vfs).time_ns;
    const std::int64_t floored = ns / ns_per_ms - (ns % ns_per_ms < 0 ? 1 : 0);
    *out = julian_ms_of_1970 + floored;
    return SQLITE_OK;
  }
  static int current_time(sqlite3_vfs* vfs, double* out) {
    constexpr double ms_per_day = 86'400'000.0;
    sqlite3_int64 ms = 0;
    current_time_ms(vfs, &ms);
    *out = static_cast<double>(ms) / ms_per_day;
    return SQLITE_OK;
  }
};

namespace {

std::string unique_name() {
  static std::atomic<std::uint64_t> count{0};
  return "aludel-clock-" + std::to_string(count.fetch_add(1));
}

}  // namespace

ClockVfs::ClockVfs() : name_(unique_name()), shim_(std::make_unique<Shim>()) {
  shim_->base = sqlite3_vfs_find(nullptr);
  ALUDEL_ASSERT(shim_->base != nullptr);
  shim_->time_ns = &time_ns_;
  auto& vfs = shim_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = shim_->base->szOsFile;
  vfs.mxPathname = shim_->base->mxPathname;
  vfs.zName = name_.c_str();
  vfs.pAppData = shim_.get();
  vfs.xOpen = Shim::open;
  vfs.xDelete = Shim::remove;
  vfs.xAccess = Shim::access;
  vfs.xFullPathname = Shim::full_pathname;
  vfs.xRandomness = Shim::randomness;
  vfs.xSleep = Shim::sleep;
  vfs.xCurrentTime = Shim::current_time;
  vfs.xGetLastError = Shim::last_error;
  vfs.xCurrentTimeInt64 = Shim::current_time_ms;
  ALUDEL_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

ClockVfs::~ClockVfs() {
  sqlite3_vfs_unregister(&shim_->vfs);
}

}  // namespace aludel
