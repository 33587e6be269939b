// SPDX-License-Identifier: MIT
#include "plugin/discovery.hpp"

#include <algorithm>
#include <set>
#include <system_error>

namespace aludel {

namespace fs = std::filesystem;

namespace {

// The files found so far, each once: a file is the same under any of its names.
class Found {
 public:
  void add(const fs::path& file) {
    std::error_code error;
    auto canonical = fs::canonical(file, error);
    if (seen_.insert(error ? file : canonical).second) files_.push_back(file);
  }
  std::vector<fs::path> take() { return std::move(files_); }

 private:
  std::set<fs::path> seen_;
  std::vector<fs::path> files_;
};

Error folder_error(const fs::path& folder, const std::error_code& error) {
  return os_error("look for plugins in " + folder.string(), error.value());
}

Result<void> add_folder(const fs::path& folder, Found& found) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) return folder_error(folder, error);
  std::vector<fs::path> files;
  for (const fs::directory_iterator end; entries != end; entries.increment(error)) {
    std::error_code ignored;
    if (entries->path().extension() == ".so" && entries->is_regular_file(ignored)) {
      files.push_back(entries->path());
    }
  }
  if (error) return folder_error(folder, error);
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    found.add(file);
  return {};
}

}  // namespace

std::vector<fs::path> split_folders(std::string_view folders) {
  std::vector<fs::path> parts;
  while (!folders.empty()) {
    const auto part = folders.substr(0, folders.find(':'));
    if (!part.empty()) parts.emplace_back(part);
    folders.remove_prefix(std::min(folders.size(), part.size() + 1));
  }
  return parts;
}

Result<std::vector<fs::path>> discover(const SearchPath& where) {
  Found found;
  for (const auto& file : where.files)
    found.add(file);
  for (const auto& folder : where.directories) {
    if (const auto added = add_folder(folder, found); !added) return added.error();
  }
  for (const auto& folder : split_folders(where.environment)) {
    const auto added = add_folder(folder, found);
    if (!added && added.error().code != ErrorCode::not_found) return added.error();
  }
  return found.take();
}

}  // namespace aludel
