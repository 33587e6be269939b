// SPDX-License-Identifier: MIT
#include "runtime/backup.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/json_writer.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "runtime/installation.hpp"
#include "runtime/restore.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

// The bar begins anew for the verification.
CopyProgress shown_on(Progress& progress) {
  return [&progress](const char* what, std::uint64_t done, std::uint64_t total) {
    progress.update(total == 0 ? 0 : std::min(done, total) * 1'000 / total,
                    std::string(what) + " " + human_size(done) + " of " + human_size(total));
  };
}

double seconds_of(const Progress& progress) {
  return std::chrono::duration<double>(progress.elapsed()).count();
}

json::value value_of(const Backup& backup, double seconds) {
  const auto& content = backup.content;
  return {{"backup", backup.path.string()},
          {"first", content.first},
          {"events", content.events},
          {"bytes", content.bytes},
          {"projections", content.projections},
          {"linked_segments", content.log.linked_segments},
          {"linked_bytes", content.log.linked_bytes},
          {"copied_bytes", content.copied_bytes},
          {"seconds", seconds}};
}

// "28,205 events, 2.0 MiB, and 2 projections"
std::string content_of(const DataCopy& content) {
  return counted(content.events, "event") + ", " + human_size(content.bytes) + ", and " +
         counted(content.projections, "projection");
}

// "1.2 MiB copied, 3.9 GiB in 32 segments linked; verified: good, in 1.2 s"
std::string work_of(const DataCopy& content, double seconds) {
  auto out = human_size(content.copied_bytes) + " copied";
  if (content.log.linked_segments > 0) {
    out += ", " + human_size(content.log.linked_bytes) + " in " +
           counted(content.log.linked_segments, "segment") + " linked";
  }
  return out + fmt::format("; verified: good, in {:.1f} s", seconds);
}

}  // namespace

Result<int> backup_command(const Globals& globals, const std::filesystem::path& folder) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  Progress progress("backing up", 1'000);
  const auto backup = back_up(installation->data, folder, system_clock().wall_ns(), shown_on(progress));
  progress.wipe();
  if (!backup) return backup.error();
  const auto seconds = seconds_of(progress);
  if (globals.json) {
    std::printf("%s\n", to_json(value_of(*backup, seconds)).c_str());
  } else {
    std::printf("backed up %s to %s: %s\n", content_of(backup->content).c_str(), backup->path.c_str(),
                work_of(backup->content, seconds).c_str());
  }
  return 0;
}

Result<int> restore_command(const Globals& globals, const std::filesystem::path& backup) {
  Progress progress("restoring", 1'000);
  const auto restored = restore(backup, DataDirectory(globals.data), shown_on(progress));
  progress.wipe();
  if (!restored) return restored.error();
  const auto seconds = seconds_of(progress);
  if (globals.json) {
    std::printf("%s\n", to_json(value_of(*restored, seconds)).c_str());
  } else {
    std::printf("restored %s from %s: %s\n", content_of(restored->content).c_str(), restored->path.c_str(),
                work_of(restored->content, seconds).c_str());
  }
  return 0;
}

}  // namespace aludel
