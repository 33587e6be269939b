// SPDX-License-Identifier: MIT
#include "runtime/plugin_watch.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/limits.hpp"

namespace aludel {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

}  // namespace

PluginWatch::PluginWatch(Parts parts) : parts_(std::move(parts)), stamps_(parts_.taken) {
  auto watch = os::FolderWatch::make();
  if (!watch) {
    parts_.host_log.write(LogLevel::error, {}, watch.error().message);
    return;
  }
  watch_ = std::move(*watch);
  watch_folders();
  thread_ = std::thread([this] { work(); });
}

PluginWatch::~PluginWatch() {
  if (!thread_.joinable()) return;
  watch_->end();
  thread_.join();
}

// A link's folder and that of what it leads to: either may change.
void PluginWatch::watch_folders() {
  std::set<std::filesystem::path> folders(parts_.folders.begin(), parts_.folders.end());
  for (const auto& [processor, plugin] : parts_.plugins) {
    folders.insert(folder_of(plugin));
    std::error_code failure;
    const auto target = std::filesystem::canonical(plugin, failure);
    if (!failure) folders.insert(folder_of(target));
  }
  for (const auto& folder : folders) {
    const auto added = watch_->add(folder);
    if (!added) parts_.host_log.write(LogLevel::warning, {}, added.error().message);
  }
}

void PluginWatch::work() {
  reload_changed();  // what has changed before the folders were watched
  while (!watch_->ended()) {
    auto written = watch_->wait(std::nullopt);
    for (auto more = written; !more.empty() && !watch_->ended();) {
      more = watch_->wait(limits::watch_quiet);
      written.insert(written.end(), more.begin(), more.end());
    }
    if (watch_->ended()) return;
    reload_changed();
    tell_new(written);
  }
}

void PluginWatch::reload_changed() {
  for (const auto& [processor, plugin] : parts_.plugins) {
    const auto now = stamp(plugin);
    if (!now || now == stamps_[processor]) continue;
    stamps_[processor] = now;
    parts_.reload(processor);
  }
}

void PluginWatch::tell_new(const std::vector<std::filesystem::path>& written) {
  for (const auto& file : written) {
    const auto is_known = [&](const auto& entry) { return stamp(entry.second) == stamp(file); };
    if (file.extension() != ".so" || std::any_of(parts_.plugins.begin(), parts_.plugins.end(), is_known))
      continue;
    if (!told_.insert(file).second) continue;
    parts_.host_log.write(
        LogLevel::info, {},
        file.string() + ": no processor runs it, and the next start of the host looks at it");
  }
}

PluginWatch::Stamp PluginWatch::stamp(const std::filesystem::path& file) {
  const auto status = os::real_file_system().status(file);
  return status ? Stamp(*status) : std::nullopt;
}

}  // namespace aludel
