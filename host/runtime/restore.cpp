// SPDX-License-Identifier: MIT
#include "runtime/restore.hpp"

#include <string>

#include "base/os/file.hpp"
#include "base/os/lock.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

std::filesystem::path draft_of(const DataDirectory& data) {
  return data.root() / "restore.tmp";
}

std::filesystem::path whole_of(const DataDirectory& data) {
  return data.root() / "restore.whole";
}

Result<void> move_if_there(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto there = os::is_there(from);
  if (!there) return there.error();
  return *there ? os::real_file_system().rename(from, to) : Result<void>();
}

Result<std::filesystem::path> find_backup(const std::filesystem::path& named) {
  const auto path = named.has_filename() ? named : named.parent_path();
  const auto is_backup = os::is_there(DataDirectory(path).log());
  if (!is_backup) return is_backup.error();
  if (*is_backup) {
    if (path.extension() != ".tmp") return path;
    return Error(ErrorCode::conflict,
                 "restore " + path.string() +
                     ": it was cut off while it was made, and is no backup: name another "
                     "one, or the folder that holds them");
  }
  const auto latest = latest_backup(path);
  if (!latest && latest.error().code != ErrorCode::not_found) return latest.error();
  if (latest && *latest) return **latest;
  return Error(ErrorCode::not_found, "restore " + path.string() +
                                         ": there is no backup: name one that `backup` has made, or the "
                                         "folder that holds them");
}

Result<void> require_unused(const DataDirectory& data) {
  for (const auto& path : {data.log(), data.processors()}) {
    const auto there = os::is_there(path);
    if (!there) return there.error();
    if (!*there) continue;
    return Error(ErrorCode::conflict,
                 "restore into " + data.root().string() + ": " + path.string() +
                     " is there already: name a new folder by --data, or move that away");
  }
  return {};
}

// The log comes last: without it nothing of the rest is taken for a data directory's. May be interrupted, and
// be done again, as long as the name that tells that stays: it is durable before anything leaves it.
Result<void> put_into_place(const DataDirectory& data) {
  auto& files = os::real_file_system();
  if (auto synced = files.sync_directory(data.root()); !synced) return synced;
  const DataDirectory whole(whole_of(data));
  if (auto moved = move_if_there(whole.processors(), data.processors()); !moved) return moved;
  const auto has_config = os::is_there(data.config());
  if (!has_config) return has_config.error();
  if (!*has_config) {
    if (auto moved = move_if_there(whole.config(), data.config()); !moved) return moved;
  }
  if (auto moved = move_if_there(whole.log(), data.log()); !moved) return moved;
  return files.sync_directory(data.root());
}

// Now it is a data directory like any. Should the name come back after a power loss, it goes with the next
// restore.
Result<void> release(const DataDirectory& data) {
  if (auto removed = os::remove_tree(whole_of(data)); !removed) return removed;
  (void)os::real_file_system().sync_directory(data.root());
  return {};
}

// An empty folder but for its lock, whatever an earlier restore has left there.
Result<os::FileLock> begin_draft(const std::filesystem::path& draft) {
  auto& files = os::real_file_system();
  if (auto made = files.create_directories(draft); !made) return made.error();
  auto lock = os::FileLock::acquire(draft / "lock");
  if (!lock) return lock;
  const auto names = files.list(draft);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (name == "lock") continue;
    if (auto removed = os::remove_tree(draft / name); !removed) return removed.error();
  }
  return lock;
}

std::filesystem::path absolute_of(const std::filesystem::path& path) {
  std::error_code failure;
  auto absolute = std::filesystem::weakly_canonical(path, failure);
  if (failure) return path;
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

std::filesystem::path source_of(const std::filesystem::path& draft) {
  return draft / "source";
}

// Puts into place what was made by a restore that was cut off then.
// @param named that backup, or the folder that holds it
Result<Backup> finish(const std::filesystem::path& named, const DataDirectory& data,
                      const CopyProgress& progress) {
  const auto noted = read_file(source_of(whole_of(data)));
  if (!noted && noted.error().code != ErrorCode::not_found) return noted.error();
  // Without the note all is in place, and the rest was being removed.
  const std::filesystem::path source = noted ? std::filesystem::path(*noted) : absolute_of(named);
  if (absolute_of(named) != source && absolute_of(named) != source.parent_path()) {
    return Error(ErrorCode::conflict, "restore " + named.string() + " into " + data.root().string() +
                                          ": a restore of " + source.string() +
                                          " was cut off there: name that one to finish it, or another folder "
                                          "by --data");
  }
  if (auto placed = put_into_place(data); !placed) return placed.error();
  const auto content = look_at_copy(data, progress);
  if (!content) return content.error();
  if (auto released = release(data); !released) return released.error();
  return Backup{source, *content};
}

Error cut_off(const DataDirectory& data) {
  return {ErrorCode::conflict,
          "use the data directory " + data.root().string() +
              ": a restore into it was cut off, or is under way: run `restore` again, as it was run before"};
}

}  // namespace

Result<void> require_no_restore(const DataDirectory& data) {
  for (const auto& path : {draft_of(data), whole_of(data)}) {
    const auto there = os::is_there(path);
    if (!there) return there.error();
    if (*there) return cut_off(data);
  }
  return {};
}

Result<Backup> restore(const std::filesystem::path& backup, const DataDirectory& data,
                       const CopyProgress& progress) {
  auto& files = os::real_file_system();
  const auto is_whole = os::is_there(whole_of(data));
  if (!is_whole) return is_whole.error();
  if (*is_whole) return finish(backup, data, progress);
  const auto found = find_backup(backup);
  if (!found) return found.error();
  if (auto unused = require_unused(data); !unused) return unused.error();
  const auto draft = draft_of(data);
  const auto lock = begin_draft(draft);
  if (!lock) return lock.error();
  const auto copied = copy_data(DataDirectory(*found), DataDirectory(draft), {}, progress);
  if (!copied) {
    (void)os::remove_tree(draft);  // else it is told that it was cut off
    return copied.error();
  }
  if (auto noted = replace_file(source_of(draft), absolute_of(*found).string()); !noted) return noted.error();
  if (auto renamed = files.rename(draft, whole_of(data)); !renamed) return renamed.error();
  if (auto placed = put_into_place(data); !placed) return placed.error();
  if (auto released = release(data); !released) return released.error();
  return Backup{*found, *copied};
}

}  // namespace aludel
