// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

namespace aludel {

/// Sees every sync of a write-ahead log, of databases opened while it lives. One at a time.
class WalSyncs {
 public:
  WalSyncs() {
    base_ = sqlite3_vfs_find(nullptr);
    vfs_ = *base_;
    vfs_.zName = "wal-syncs";
    vfs_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
      const int result = base_->xOpen(base_, name, file, flags, out_flags);
      if (result != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return result;
      methods_ = *file->pMethods;
      sync_ = methods_.xSync;
      methods_.xSync = [](sqlite3_file* wal, int how) {
        ++count_;
        return fails_ ? SQLITE_IOERR_FSYNC : sync_(wal, how);
      };
      file->pMethods = &methods_;
      return result;
    };
    sqlite3_vfs_register(&vfs_, 1);
    count_ = 0;
    fails_ = false;
  }
  ~WalSyncs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base_, 1);
  }
  WalSyncs(const WalSyncs&) = delete;
  WalSyncs& operator=(const WalSyncs&) = delete;

  [[nodiscard]] static int count() { return count_; }
  static void reset() { count_ = 0; }
  static void fail() { fails_ = true; }

 private:
  // What SQLite calls has no place for a pointer of ours.
  inline static sqlite3_vfs* base_ = nullptr;
  inline static sqlite3_io_methods methods_{};
  inline static int (*sync_)(sqlite3_file*, int) = nullptr;
  inline static int count_ = 0;
  inline static bool fails_ = false;
  sqlite3_vfs vfs_{};
};

}  // namespace aludel
