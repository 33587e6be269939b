// SPDX-License-Identifier: MIT
#include "runtime/processor_copy.hpp"

#include <system_error>

#include "base/sqlite_copy.hpp"
#include "processor/projection.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

Result<void> copy_synced(const std::filesystem::path& from, const std::filesystem::path& to,
                         const os::BytesDone& done) {
  if (auto copied = copy_database(from, to, done); !copied) return copied;
  const auto file = os::real_file_system().open(to, os::OpenMode::read_write);
  if (!file) return file.error();
  return (*file)->sync_data();
}

// Without a link nothing was ever committed.
Result<void> copy_projection(const std::filesystem::path& from, const std::filesystem::path& to,
                             const os::BytesDone& done) {
  const auto link = projection_link(from);
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(link, failure);
  if (failure == std::errc::no_such_file_or_directory) return {};
  if (failure) return os_error("read the link " + link.string(), failure.value());
  const auto generation = target.filename();
  if (auto copied = copy_synced(link, to / generation, done); !copied) return copied;
  std::filesystem::create_symlink(generation, projection_link(to), failure);
  if (failure) return os_error("link " + projection_link(to).string(), failure.value());
  return {};
}

Result<void> copy_small(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto content = read_file(from);
  if (!content && content.error().code == ErrorCode::not_found) return {};
  if (!content) return content.error();
  return replace_file(to, *content);
}

}  // namespace

Result<void> copy_processor(const std::filesystem::path& from, const std::filesystem::path& to,
                            const os::BytesDone& done) {
  if (auto made = os::real_file_system().create_directories(to); !made) return made;
  if (auto copied = copy_projection(from, to, done); !copied) return copied;
  auto commands = copy_synced(from / "control.db", to / "control.db", done);
  if (!commands && commands.error().code != ErrorCode::not_found) return commands;
  for (const auto* name : {"processor.json", "host.json"}) {
    if (auto copied = copy_small(from / name, to / name); !copied) return copied;
  }
  return os::real_file_system().sync_directory(to);
}

}  // namespace aludel
