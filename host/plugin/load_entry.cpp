// SPDX-License-Identifier: MIT
#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <string>
#include <system_error>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "plugin/entry.hpp"
#include "plugin/refusal.hpp"

namespace aludel {

namespace dll = boost::dll;

namespace {

constexpr const char* entry_prefix = "aludel_plugin_v";
constexpr int majors_probed = 32;

// The symbol, if it is this file's own: the loader would also find that of a library it is linked with.
void* own_symbol(const dll::shared_library& library, const std::filesystem::path& file,
                 const std::string& name) {
  if (!library.has(name)) return nullptr;
  auto* symbol = &library.get<char>(name);
  std::error_code error;
  const auto home = dll::symbol_location_ptr(symbol, error);
  return !error && std::filesystem::equivalent(home, file, error) ? symbol : nullptr;
}

Error no_entry(const dll::shared_library& library, const std::filesystem::path& file) {
  for (int major = 0; major < majors_probed; ++major) {
    const auto name = entry_prefix + std::to_string(major);
    if (own_symbol(library, file, name) == nullptr) continue;
    return refusal::error(file, refusal::wrong_major,
                          "it exports " + name + ", this host needs " + entry_prefix +
                              std::to_string(ALUDEL_ABI_MAJOR) +
                              ": use a plugin and a host of one major version");
  }
  return refusal::error(file, refusal::no_entry,
                        "it exports no " + std::string(entry_prefix) + std::to_string(ALUDEL_ABI_MAJOR) +
                            ": define it with ALUDEL_EXPORT");
}

}  // namespace

Result<EntryFunction> load_entry(const std::filesystem::path& file) {
  std::error_code error;
  // Absolute, as the loader looks for a bare name in the system's folders; never unloaded, by the loader's
  // word.
  const auto absolute = std::filesystem::absolute(file, error);
  const auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local |
                    static_cast<dll::load_mode::type>(RTLD_NODELETE);
  dll::shared_library library;
  library.load(absolute, error, mode);
  if (error) {
    const char* words = ::dlerror();
    return refusal::error(
        file, refusal::not_loadable,
        std::string("the loader says: ") + (words != nullptr ? words : error.message().c_str()));
  }
  void* symbol = own_symbol(library, file, entry_prefix + std::to_string(ALUDEL_ABI_MAJOR));
  if (symbol == nullptr) return no_entry(library, file);
  return reinterpret_cast<EntryFunction>(symbol);
}

}  // namespace aludel
