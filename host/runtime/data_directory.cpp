// SPDX-License-Identifier: MIT
#include "runtime/data_directory.hpp"

#include <algorithm>

#include "runtime/config.hpp"

namespace aludel {

Result<std::vector<std::string>> DataDirectory::list_processors() const {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(processors(), error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    auto name = at->path().filename().string();
    if (is_processor_name(name) && at->is_directory(error)) names.push_back(std::move(name));
    if (error) break;
  }
  if (error) return os_error("list folder " + processors().string(), error.value());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> DataDirectory::processor_names() const {
  auto names = list_processors();
  return names ? std::move(*names) : std::vector<std::string>();
}

}  // namespace aludel
