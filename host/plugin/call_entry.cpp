// SPDX-License-Identifier: MIT
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"
#include "plugin/entry.hpp"
#include "plugin/refusal.hpp"

namespace aludel {

namespace {

struct Hello : aludel_hello {
  std::optional<std::string> refused_because;
};

void ALUDEL_ABI refuse(const aludel_hello* hello, const char* reason, std::uint64_t size) noexcept {
  if (hello == nullptr || (reason == nullptr && size > 0)) return;
  auto& self = const_cast<Hello&>(static_cast<const Hello&>(*hello));
  self.refused_because = repaired_utf8({reason, size}, limits::error_message_max);
}

}  // namespace

Result<const aludel_library*> call_entry(const std::filesystem::path& file, EntryFunction entry) {
  Hello hello{{sizeof(aludel_hello), ALUDEL_ABI_MINOR, abi_str("aludel"), abi_str(ALUDEL_VERSION), refuse},
              {}};
  const aludel_library* library = entry(&hello);
  if (library != nullptr) return library;
  return refusal::error(file, refusal::declined,
                        hello.refused_because ? "it declines: " + *hello.refused_because
                                              : "it declines without a reason: ask its author");
}

}  // namespace aludel
