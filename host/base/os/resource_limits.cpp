// SPDX-License-Identifier: MIT
#include "base/os/resource_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aludel::os {

namespace {

using Resource = decltype(RLIMIT_DATA);

// Never above the hard limit that there was, as only a privileged process may go there.
void set_limit(Resource resource, rlim_t soft, rlim_t hard) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return;
  limit.rlim_max = std::min(limit.rlim_max, hard);
  limit.rlim_cur = std::min(limit.rlim_max, soft);
  ::setrlimit(resource, &limit);
}

}  // namespace

// RLIMIT_AS would count the log's segments, which are mapped for reading.
void limit_memory(std::uint64_t bytes, std::uint64_t reserve) {
  set_limit(RLIMIT_DATA, bytes, bytes + reserve);
}

void use_memory_reserve() {
  set_limit(RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY);
}

void limit_open_files(std::uint32_t number) {
  set_limit(RLIMIT_NOFILE, number, number);
}

bool can_open_files() {
  const int another = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (another < 0) return errno != EMFILE;
  ::close(another);
  return true;
}

void leave_no_core() {
  set_limit(RLIMIT_CORE, 0, 0);
}

// The kernel counts them among the folder's links, beside the folder and its parent.
std::uint64_t thread_count() {
  struct stat about {};
  return ::stat("/proc/self/task", &about) == 0 && about.st_nlink > 2 ? about.st_nlink - 2 : 1;
}

}  // namespace aludel::os
