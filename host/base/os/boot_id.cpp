// SPDX-License-Identifier: MIT
#include "base/os/boot_id.hpp"

#include <cerrno>
#include <fcntl.h>

#include "base/os/descriptor.hpp"

namespace aludel::os {

Result<Uuid> boot_id() {
  constexpr const char* path = "/proc/sys/kernel/random/boot_id";
  const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[36];
  if (!file.valid()) return os_error(std::string("open ") + path, errno);
  const auto size = ::read(file.number(), text, sizeof text);
  if (size < 0) return os_error(std::string("read ") + path, errno);
  return Uuid::parse({text, static_cast<std::size_t>(size)});
}

}  // namespace aludel::os
