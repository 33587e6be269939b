// SPDX-License-Identifier: MIT
#include "runtime/installation.hpp"

#include <cstdlib>
#include <utility>

#include "plugin/discovery.hpp"
#include "plugin/inspection.hpp"
#include "runtime/restore.hpp"

namespace aludel {

namespace {

std::string folders_of_environment() {
  const char* folders = std::getenv("ALUDEL_PLUGIN_PATH");
  return folders == nullptr ? "" : folders;
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
  if (auto whole = require_no_restore(installation.data); !whole) return whole.error();
  if (config_file.empty() && !std::filesystem::exists(config.file, ignored)) return installation;
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
  auto libraries = inspect_all(*files, this_program());
  std::vector<InspectedPlugin> plugins;
  for (std::size_t i = 0; i < files->size(); ++i)
    plugins.push_back({(*files)[i], std::move(libraries[i])});
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
