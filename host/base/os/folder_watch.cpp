// SPDX-License-Identifier: MIT
#include "base/os/folder_watch.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace aludel::os {

Result<FolderWatch> FolderWatch::make() {
  Descriptor events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events.valid()) return os_error("watch folders", errno);
  Descriptor end(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!end.valid()) return os_error("watch folders", errno);
  return FolderWatch(std::move(events), std::move(end));
}

Result<void> FolderWatch::add(const std::filesystem::path& folder) {
  const int watch =
      ::inotify_add_watch(events_.number(), folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
  if (watch < 0) return os_error("watch the folder " + folder.string(), errno);
  folders_.emplace(watch, folder);
  return {};
}

std::vector<std::filesystem::path> FolderWatch::wait(std::optional<std::chrono::milliseconds> time_max) {
  pollfd watched[] = {{events_.number(), POLLIN, 0}, {end_.number(), POLLIN, 0}};
  const int time = time_max ? static_cast<int>(time_max->count()) : -1;
  while (::poll(watched, 2, time) < 0 && errno == EINTR) {
  }
  std::vector<std::filesystem::path> files;
  if (watched[1].revents != 0) return files;
  alignas(inotify_event) char bytes[16 * 1024];
  const auto size = ::read(events_.number(), bytes, sizeof bytes);
  for (const char* at = bytes; size > 0 && at < bytes + size;) {
    inotify_event event{};
    std::memcpy(&event, at, sizeof event);
    const char* name = at + sizeof event;
    const auto folder = folders_.find(event.wd);
    if ((event.mask & IN_Q_OVERFLOW) != 0) files.emplace_back();
    if (folder != folders_.end() && event.len != 0) files.push_back(folder->second / name);
    at = name + event.len;
  }
  return files;
}

void FolderWatch::end() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(end_.number(), &one, sizeof one);
}

bool FolderWatch::ended() const {
  pollfd watched{end_.number(), POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0;
}

}  // namespace aludel::os
