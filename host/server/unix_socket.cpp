// SPDX-License-Identifier: MIT
#include "server/unix_socket.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "base/limits.hpp"

namespace aludel {

namespace {

// An address has room for 107 bytes; by way of the open folder any path fits.
struct Address {
  os::Descriptor folder;
  sockaddr_un value{};

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
};

Result<Address> address_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : ".";
  Address address;
  address.folder = os::Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!address.folder.valid()) return os_error("open the folder " + folder.string(), errno);
  const auto name =
      "/proc/self/fd/" + std::to_string(address.folder.number()) + "/" + path.filename().string();
  if (name.size() >= sizeof address.value.sun_path) {
    return Error(ErrorCode::limit, "the name of the socket " + path.string() + " is too long");
  }
  address.value.sun_family = AF_UNIX;
  std::memcpy(address.value.sun_path, name.c_str(), name.size() + 1);
  return address;
}

Result<os::Descriptor> make_socket() {
  os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return os_error("make a socket", errno);
  return socket;
}

}  // namespace

Result<os::Descriptor> listen_at(const std::filesystem::path& path) {
  // It gets its name once it listens: whoever finds it is answered.
  auto unfinished = path;
  unfinished += ".tmp";
  auto address = address_of(unfinished);
  if (!address) return address.error();
  auto socket = make_socket();
  if (!socket) return socket;
  if (::unlink(unfinished.c_str()) != 0 && errno != ENOENT)
    return os_error("remove " + unfinished.string(), errno);
  // The mode that the socket has before `bind` is the mode that its name gets: it is never open to others.
  if (::fchmod(socket->number(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket->number(), address->get(), sizeof address->value) != 0 ||
      ::listen(socket->number(), SOMAXCONN) != 0 || ::rename(unfinished.c_str(), path.c_str()) != 0) {
    return os_error("listen at " + path.string(), errno);
  }
  return socket;
}

Result<os::Descriptor> connect_to(const std::filesystem::path& path) {
  auto address = address_of(path);
  if (!address) return address.error();
  auto socket = make_socket();
  if (!socket) return socket;
  const timeval time_max{std::chrono::seconds(limits::connect_time_max).count(), 0};
  if (::setsockopt(socket->number(), SOL_SOCKET, SO_SNDTIMEO, &time_max, sizeof time_max) != 0) {
    return os_error("prepare a socket", errno);
  }
  if (::connect(socket->number(), address->get(), sizeof address->value) == 0) return socket;
  if (errno == EAGAIN) {
    return Error(ErrorCode::timed_out,
                 "connect to " + path.string() + ": the host does not accept: is it stopped?");
  }
  if (errno == ECONNREFUSED) return Error(ErrorCode::not_found, "nobody listens at " + path.string());
  return os_error("connect to " + path.string(), errno);
}

SocketName::SocketName(std::filesystem::path path) : path_(std::move(path)) {
  struct stat about {};
  if (::lstat(path_.c_str(), &about) != 0) return;
  device_ = about.st_dev;
  inode_ = about.st_ino;
}

SocketName::~SocketName() {
  struct stat about {};
  if (::lstat(path_.c_str(), &about) != 0 || about.st_dev != device_ || about.st_ino != inode_) return;
  ::unlink(path_.c_str());
}

}  // namespace aludel
