// SPDX-License-Identifier: MIT
#include "runtime/small_file.hpp"

#include <cerrno>
#include <fstream>

#include "base/os/file.hpp"

namespace aludel {

Result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  auto& files = os::real_file_system();
  auto draft = path;
  draft += ".new";
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  {
    auto file = files.open(draft, os::OpenMode::create_new);
    if (!file) return file.error();
    if (auto written = (*file)->write_at(0, {&content, 1}); !written) return written;
    if (auto synced = (*file)->sync_data(); !synced) return synced;
  }
  if (auto renamed = files.rename(draft, path); !renamed) return renamed;
  return files.sync_directory(path.parent_path());
}

// Reading a folder fails, too: by the stream's state and not by an exception, as its iterators would.
Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return os_error("open " + path.string(), errno);
  std::string text;
  char bytes[16 * 1024];
  do {
    in.read(bytes, sizeof bytes);
    text.append(bytes, static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (in.bad()) return os_error("read " + path.string(), errno);
  return text;
}

}  // namespace aludel
