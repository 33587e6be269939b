// SPDX-License-Identifier: MIT
#include "plugin/library.hpp"

#include <new>

#include "plugin/declaration.hpp"
#include "plugin/elf.hpp"
#include "plugin/entry.hpp"
#include "plugin/plugin_instance.hpp"

namespace aludel {

namespace {

class LoadedLibrary final : public Library {
 public:
  explicit LoadedLibrary(Declaration declaration) : declaration_(std::move(declaration)) {}

  [[nodiscard]] const LibraryDescription& description() const override { return declaration_.description; }

  Result<std::unique_ptr<Instance>> instantiate(std::string_view handler_id,
                                                Instance::Context context) override {
    const auto& handlers = declaration_.description.handlers;
    for (std::size_t i = 0; i < handlers.size(); ++i) {
      if (handlers[i].id != handler_id) continue;
      try {
        return std::unique_ptr<Instance>(
            std::make_unique<PluginInstance>(declaration_.functions[i], handlers[i], std::move(context)));
      } catch (const std::bad_alloc&) {
        return Error{ErrorCode::memory, "make the handler " + std::string(handler_id) + ": out of memory"};
      }
    }
    return Error{ErrorCode::not_found, "make the handler " + std::string(handler_id) + ": " +
                                           declaration_.description.path.string() + " has no such handler"};
  }

 private:
  Declaration declaration_;
};

}  // namespace

Result<std::unique_ptr<Library>> Library::load(const std::filesystem::path& file) {
  if (const auto checked = elf::check_file(file); !checked) return checked.error();
  const auto entry = load_entry(file);
  if (!entry) return entry.error();
  const auto library = call_entry(file, *entry);
  if (!library) return library.error();
  auto declaration = read_declaration(file, *library);
  if (!declaration) return declaration.error();
  return std::unique_ptr<Library>(std::make_unique<LoadedLibrary>(std::move(*declaration)));
}

}  // namespace aludel
