// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "plugin/description.hpp"
#include "plugin/instance.hpp"

namespace aludel {

/// A plugin, loaded into this process and checked against every rule of `plugin.h`. Never unloaded, also
/// after destruction: its threads, thread-locals and static destructors could outlive any moment that is
/// chosen for it.
///
/// Loading runs the plugin's constructors. A process that must survive them inspects in a child first
/// (`plugin/inspection.hpp`).
class Library {
 public:
  /// @return refused, with a reason of `plugin/refusal.hpp`
  static Result<std::unique_ptr<Library>> load(const std::filesystem::path& file);

  virtual ~Library() = default;
  [[nodiscard]] virtual const LibraryDescription& description() const = 0;
  /// An instance of the handler, before its `create`. The library outlives it.
  /// @return not_found: the plugin has no such handler; memory
  virtual Result<std::unique_ptr<Instance>> instantiate(std::string_view handler_id,
                                                        Instance::Context context) = 0;
};

}  // namespace aludel
