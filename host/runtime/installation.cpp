// SPDX-License-Identifier: MIT
#include "runtime/installation.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/os/write_access.hpp"
#include "base/sha256.hpp"
#include "plugin/discovery.hpp"
#include "plugin/inspection.hpp"
#include "runtime/restore.hpp"

namespace aludel {

namespace {

std::string folders_of_environment() {
  const char* folders = std::getenv("ALUDEL_PLUGIN_PATH");
  return folders == nullptr ? "" : folders;
}

// Whoever can write there says what code runs as this user, or what events there are.
Result<void> require_no_other_writers(const std::filesystem::path& path, const char* attempt) {
  const auto writers = os::other_writers(path);
  if (!writers && writers.error().code == ErrorCode::not_found) return {};
  if (!writers) return writers.error();
  if (writers->empty()) return {};
  return Error(ErrorCode::denied, attempt + (" " + path.string()) + ": " + *writers +
                                      ", and could change what you run, or its data: take that right away");
}

}  // namespace

Result<Installation> load_installation(const std::filesystem::path& data,
                                       const std::filesystem::path& config_file) {
  Installation installation{DataDirectory(data), {}};
  auto& config = installation.config;
  config.file = config_file.empty() ? installation.data.config() : config_file;
  std::error_code ignored;
  if (std::filesystem::exists(data, ignored) && !std::filesystem::is_directory(data, ignored)) {
    return Error(ErrorCode::invalid, "use the data directory " + data.string() +
                                         ": it is a file; --data before the command names a folder");
  }
  const auto& folders = installation.data;
  for (const auto& folder : {data, folders.log(), folders.processors(), folders.host_folders()}) {
    if (auto closed = require_no_other_writers(folder, "use the data directory"); !closed)
      return closed.error();
  }
  if (auto whole = require_no_restore(installation.data); !whole) return whole.error();
  if (config_file.empty() && !std::filesystem::exists(config.file, ignored)) return installation;
  if (auto closed = require_no_other_writers(config.file, "read the config"); !closed) return closed.error();
  auto loaded = load_config(config.file);
  if (!loaded) return loaded.error();
  config = std::move(*loaded);
  return installation;
}

Result<std::vector<InspectedPlugin>> find_plugins(const Config& config,
                                                  const std::vector<std::filesystem::path>& plugin_dirs) {
  SearchPath where;
  where.directories = config.plugin_dirs;
  where.directories.insert(where.directories.end(), plugin_dirs.begin(), plugin_dirs.end());
  where.environment = folders_of_environment();
  for (const auto& processor : config.processors) {
    if (processor.plugin.has_parent_path()) where.files.push_back(processor.plugin);
  }
  const auto files = discover(where);
  if (!files) return files.error();
  return inspect_plugins(*files, config);
}

Result<std::vector<InspectedPlugin>> inspect_plugins(const std::vector<std::filesystem::path>& files,
                                                     const Config& config) {
  auto libraries = inspect_all(files, config.trust, this_program());
  const bool any_pinned = std::any_of(config.processors.begin(), config.processors.end(),
                                      [](const auto& processor) { return !processor.sha256.empty(); });
  std::vector<InspectedPlugin> plugins;
  for (std::size_t i = 0; i < files.size(); ++i) {
    plugins.push_back({files[i], std::move(libraries[i])});
    if (!any_pinned || !plugins.back().library) continue;
    auto digest = sha256_of(files[i]);
    if (!digest) return digest.error();
    plugins.back().sha256 = std::move(*digest);
  }
  return plugins;
}

std::vector<std::filesystem::path> plugin_folders(const Config& config,
                                                  const std::vector<std::filesystem::path>& plugin_dirs) {
  auto folders = config.plugin_dirs;
  folders.insert(folders.end(), plugin_dirs.begin(), plugin_dirs.end());
  for (auto& folder : split_folders(folders_of_environment()))
    folders.push_back(std::move(folder));
  return folders;
}

std::filesystem::path this_program() {
  return "/proc/self/exe";
}

}  // namespace aludel
