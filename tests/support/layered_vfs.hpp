// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include <sqlite3.h>

namespace aludel {

/// SQLite's default file system while it lives, over the one that was: it sees each call before it is passed
/// on. Connections are closed before it goes; of several, the last made goes first.
class LayeredVfs {
 public:
  LayeredVfs(const LayeredVfs&) = delete;
  LayeredVfs& operator=(const LayeredVfs&) = delete;

 protected:
  enum class Kind {
    full_path,
    open,
    access,
    remove,
    read,
    write,
    truncate,
    sync,
    size,
    lock,
    shm_map,
    shm_lock,
  };

  struct Call {
    Kind kind;
    int file = 0;                ///< as `opened` has numbered it
    const char* path = nullptr;  ///< of a call on names
    const void* bytes = nullptr;
    int count = 0;             ///< of `bytes`; of remove: whether the folder is synced
    sqlite3_int64 offset = 0;  ///< of truncate: the size
    sqlite3_file* under = nullptr;
  };

  /// @param name SQLite's, of its own
  explicit LayeredVfs(const char* name);
  ~LayeredVfs();

  /// @return what the call results in without being passed on
  virtual std::optional<int> before(const Call& call) = 0;
  /// @param path null: a temporary file
  /// @return its number, for the calls on it
  virtual int opened(const char* path, int flags);

 private:
  struct File;
  struct Methods;
  struct Vfs;
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace aludel
