// SPDX-License-Identifier: MIT
// An aludel.toml. One that is taken is taken again as `config show` prints it, and says the same.
#include "runtime/config.hpp"

#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/os/descriptor.hpp"
#include "input.hpp"

namespace aludel {

namespace {

Result<Config> load(std::string_view text) {
  const os::Descriptor file(::memfd_create("config", 0));
  ALUDEL_ASSERT(::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return load_config("/proc/self/fd/" + std::to_string(file.number()));
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const auto config = load(as_text(data, size));
  if (!config) {
    ALUDEL_ASSERT(config.error().message.find('\n') == std::string::npos);
    return 0;
  }
  const auto shown = to_toml(*config);
  const auto again = load(shown);
  ALUDEL_ASSERT(again);
  ALUDEL_ASSERT(to_toml(*again) == shown);
  return 0;
}
