// SPDX-License-Identifier: MIT
#include "runtime/backup.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/os/file.hpp"
#include "base/os/lock.hpp"
#include "base/time.hpp"

namespace aludel {

namespace {

constexpr std::int64_t ns_a_second = 1'000'000'000;
constexpr std::int64_t ns_a_millisecond = 1'000'000;
constexpr std::string_view shape = "00000000T000000.000Z";
constexpr std::string_view unfinished_suffix = ".tmp";

bool is_backup_name(std::string_view name) {
  return std::equal(name.begin(), name.end(), shape.begin(), shape.end(), [](char found, char wanted) {
    return wanted == '0' ? found >= '0' && found <= '9' : found == wanted;
  });
}

bool is_unfinished_backup(std::string_view name) {
  return name.ends_with(unfinished_suffix) &&
         is_backup_name(name.substr(0, name.size() - unfinished_suffix.size()));
}

// By whoever holds the lock: nobody is at work on them.
Result<void> remove_unfinished(const std::filesystem::path& folder) {
  const auto names = os::real_file_system().list(folder);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (!is_unfinished_backup(name)) continue;
    if (auto removed = os::remove_tree(folder / name); !removed) return removed;
  }
  return {};
}

Result<void> require_folder_of_backups(const std::filesystem::path& folder) {
  const auto has_log = os::is_there(DataDirectory(folder).log());
  if (!has_log) return has_log.error();
  if (!*has_log) return {};
  return Error(ErrorCode::conflict, "back up to " + folder.string() +
                                        ": it is a data directory or a backup itself: name a folder that "
                                        "holds backups, or a new one");
}

Result<std::filesystem::path> free_path(const std::filesystem::path& folder, std::int64_t now_ns) {
  for (;; now_ns += ns_a_millisecond) {
    auto path = folder / backup_name(now_ns);
    const auto taken = os::is_there(path);
    if (!taken) return taken.error();
    if (!*taken) return path;
  }
}

}  // namespace

std::string backup_name(std::int64_t now_ns) {
  const auto in_second = now_ns % ns_a_second;
  auto time = format_time(now_ns - in_second);
  std::erase_if(time, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  return fmt::format("{}.{:03}Z", time, in_second / ns_a_millisecond);
}

Result<std::optional<std::filesystem::path>> latest_backup(const std::filesystem::path& folder) {
  const auto names = os::real_file_system().list(folder);
  if (!names) return names.error();
  const auto latest = std::find_if(names->rbegin(), names->rend(),
                                   [](const std::string& name) { return is_backup_name(name); });
  if (latest == names->rend()) return std::optional<std::filesystem::path>();
  return std::optional(folder / *latest);
}

Result<Backup> back_up(const DataDirectory& data, const std::filesystem::path& folder, std::int64_t now_ns,
                       const CopyProgress& progress) {
  auto& files = os::real_file_system();
  if (auto usable = require_folder_of_backups(folder); !usable) return usable.error();
  if (auto made = files.create_directories(folder); !made) return made.error();
  const auto lock = os::FileLock::acquire(folder / "lock");
  if (!lock) return lock.error();
  if (auto removed = remove_unfinished(folder); !removed) return removed.error();
  const auto earlier = latest_backup(folder);
  if (!earlier) return earlier.error();
  const auto earlier_log = *earlier ? DataDirectory(**earlier).log() : std::filesystem::path();
  const auto path = free_path(folder, now_ns);
  if (!path) return path.error();
  auto unfinished = *path;
  unfinished += unfinished_suffix;
  if (auto made = files.create_directories(unfinished); !made) return made.error();
  auto copied = copy_data(data, DataDirectory(unfinished), earlier_log, progress);
  if (!copied) {
    (void)os::remove_tree(unfinished);  // else the next backup does
    return copied.error();
  }
  if (auto named = files.rename(unfinished, *path); !named) return named.error();
  if (auto synced = files.sync_directory(folder); !synced) return synced.error();
  return Backup{*path, *copied};
}

}  // namespace aludel
