// SPDX-License-Identifier: MIT
#include "runtime/backup.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/os/file.hpp"
#include "base/os/lock.hpp"
#include "base/time.hpp"
#include "log/segment_reader.hpp"

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

// The other way round than `backup_name`.
std::optional<std::int64_t> backup_time(std::string_view name) {
  std::string time(name);
  for (const auto& [at, sign] : {std::pair{4, '-'}, {7, '-'}, {13, ':'}, {16, ':'}})
    time.insert(static_cast<std::size_t>(at), 1, sign);
  const auto parsed = parse_time(time);
  return parsed ? std::optional(*parsed) : std::nullopt;
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

// Else what is written there would be taken for a part of the data.
Result<void> require_outside(const DataDirectory& data, const std::filesystem::path& folder) {
  std::error_code failure;
  const auto real = std::filesystem::weakly_canonical(folder, failure);
  if (failure) return os_error("look at " + folder.string(), failure.value());
  for (const auto& part : {data.log(), data.processors(), data.host_folders()}) {
    const auto its = std::filesystem::weakly_canonical(part, failure);
    if (failure) return os_error("look at " + part.string(), failure.value());
    if (!(real / "").string().starts_with((its / "").string())) continue;
    return Error(ErrorCode::conflict, "back up to " + folder.string() + ": it lies in " + part.string() +
                                          ", which is backed up: name a folder elsewhere");
  }
  return {};
}

// Later than all that are there, also where the clock was set back.
Result<std::filesystem::path> next_path(const std::filesystem::path& folder,
                                        const std::optional<std::filesystem::path>& latest,
                                        std::int64_t now_ns) {
  if (!latest) return folder / backup_name(now_ns);
  const auto latest_ns = backup_time(latest->filename().string());
  if (!latest_ns) {
    return Error(ErrorCode::conflict, "back up to " + folder.string() + ": " + latest->filename().string() +
                                          " is no time, though it looks like a backup's name: move it away");
  }
  return folder / backup_name(std::max(now_ns, *latest_ns + ns_a_millisecond));
}

// Who restores the latest one would get another log than he means. A damaged one is no obstacle.
Result<void> require_same_log(const DataDirectory& data, const std::filesystem::path& latest) {
  auto& files = os::real_file_system();
  const auto log = SegmentReader::open(files, data.log());
  const auto its = SegmentReader::open(files, DataDirectory(latest).log());
  if (!log || !its || (*log)->log_id() == (*its)->log_id()) return {};
  return Error(ErrorCode::conflict, "back up to " + latest.parent_path().string() + ": its latest backup, " +
                                        latest.filename().string() +
                                        ", is of another log: name another folder");
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
  if (auto outside = require_outside(data, folder); !outside) return outside.error();
  if (auto made = files.create_directories(folder); !made) return made.error();
  const auto lock = os::FileLock::acquire(folder / "lock");
  if (!lock) return lock.error();
  if (auto removed = remove_unfinished(folder); !removed) return removed.error();
  const auto earlier = latest_backup(folder);
  if (!earlier) return earlier.error();
  if (*earlier) {
    if (auto same = require_same_log(data, **earlier); !same) return same.error();
  }
  const auto earlier_log = *earlier ? DataDirectory(**earlier).log() : std::filesystem::path();
  const auto path = next_path(folder, *earlier, now_ns);
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
