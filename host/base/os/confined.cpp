// SPDX-License-Identifier: MIT
#include "base/os/confined.hpp"

#include <thread>

#include "base/os/landlock.hpp"
#include "base/os/privileges.hpp"

namespace aludel::os {

namespace {

Result<void> confine_thread(const std::filesystem::path& folder) {
  if (landlock_version() == 0) return {};
  if (auto given_up = give_up_privileges(); !given_up) return given_up;
  FileRules rules;
  rules.writable = {folder};
  return restrict_files(rules);
}

}  // namespace

Result<void> do_confined(const std::filesystem::path& folder, const std::function<void()>& work) {
  Result<void> confined;
  std::thread([&] {
    confined = confine_thread(folder);
    if (confined) work();
  }).join();
  return confined;
}

}  // namespace aludel::os
