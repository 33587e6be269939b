// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

/// Unix sockets by path, of any length.
namespace aludel {

/// Listens on a new socket that only its owner may connect to. What stands at `path` is replaced, so the
/// caller holds the data directory's lock: then it is left over from a host that is gone. The name appears
/// once connections are taken.
[[nodiscard]] Result<os::Descriptor> listen_at(const std::filesystem::path& path);

/// @return not_found: nobody listens there; timed_out: somebody does, but accepts nobody; denied
[[nodiscard]] Result<os::Descriptor> connect_to(const std::filesystem::path& path);

/// The name of a socket that listens. Takes it away at its end, unless another file has it by then: the
/// folder may have been moved, and another host be at its place.
class SocketName {
 public:
  explicit SocketName(std::filesystem::path path);
  ~SocketName();
  SocketName(const SocketName&) = delete;
  SocketName& operator=(const SocketName&) = delete;

 private:
  const std::filesystem::path path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace aludel
