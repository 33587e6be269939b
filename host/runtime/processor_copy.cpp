// SPDX-License-Identifier: MIT
#include "runtime/processor_copy.hpp"

#include <system_error>

#include "base/sqlite_copy.hpp"
#include "processor/projection.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

Result<void> sync_file(const std::filesystem::path& path) {
  const auto file = os::real_file_system().open(path, os::OpenMode::read_write);
  if (!file) return file.error();
  return (*file)->sync_data();
}

Result<void> copy_projection(Database& projection, const std::filesystem::path& to,
                             const os::BytesDone& done) {
  auto generation = projection.path().filename();
  std::error_code failure;
  if (generation == projection_link({})) {
    generation = std::filesystem::read_symlink(projection.path(), failure).filename();
    if (failure) return os_error("read the link " + projection.path().string(), failure.value());
  }
  if (auto copied = copy_database(projection, to / generation, done); !copied) return copied;
  if (auto synced = sync_file(to / generation); !synced) return synced;
  std::filesystem::create_symlink(generation, projection_link(to), failure);
  if (failure) return os_error("link " + projection_link(to).string(), failure.value());
  return {};
}

Result<void> copy_commands(const std::filesystem::path& from, const std::filesystem::path& to,
                           const os::BytesDone& done) {
  auto copied = copy_database(from, to, done);
  if (!copied && copied.error().code == ErrorCode::not_found) return {};
  return copied ? sync_file(to) : copied;
}

Result<void> copy_small(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto content = read_file(from);
  if (!content && content.error().code == ErrorCode::not_found) return {};
  if (!content) return content.error();
  return replace_file(to, *content);
}

}  // namespace

Result<void> copy_processor(Database* projection, const std::filesystem::path& from,
                            const std::filesystem::path& to, const os::BytesDone& done) {
  if (auto made = os::real_file_system().create_directories(to); !made) return made;
  if (projection != nullptr) {
    if (auto copied = copy_projection(*projection, to, done); !copied) return copied;
  }
  if (auto copied = copy_commands(from / "control.db", to / "control.db", done); !copied) return copied;
  return os::real_file_system().sync_directory(to);
}

Result<void> copy_host_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (auto made = os::real_file_system().create_directories(to); !made) return made;
  for (const auto* name : {"processor.json", "host.json"}) {
    if (auto copied = copy_small(from / name, to / name); !copied) return copied;
  }
  return os::real_file_system().sync_directory(to);
}

}  // namespace aludel
