// SPDX-License-Identifier: MIT
#include "runtime/data_directory.hpp"

#include <algorithm>

#include "runtime/config.hpp"

namespace aludel {

std::vector<std::string> DataDirectory::processor_names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(processors(), error), end; !error && at != end;
       at.increment(error)) {
    auto name = at->path().filename().string();
    std::error_code ignored;
    if (at->is_directory(ignored) && is_processor_name(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace aludel
