// SPDX-License-Identifier: MIT
#include "server/server.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace aludel {

Result<std::unique_ptr<Server>> Server::start(Options options, Respond respond) {
  auto listener = listen_at(options.socket);
  if (!listener) return listener.error();
  return std::unique_ptr<Server>(new Server(std::move(options), std::move(respond), std::move(*listener)));
}

Server::Server(Options options, Respond respond, os::Descriptor listener)
    : options_(std::move(options)),
      respond_(std::move(respond)),
      listener_(std::move(listener)),
      name_(std::in_place, options_.socket),
      bodies_(options_.bodies_max) {
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    // Whoever waits for a request sees the end of its stream; answers still go out.
    for (const int connection : connections_)
      ::shutdown(connection, SHUT_RD);
  }
  ::shutdown(listener_.number(), SHUT_RDWR);  // wakes the acceptor
  acceptor_.join();
  name_.reset();
  const auto all_closed = [this] { return connections_.empty(); };
  std::unique_lock lock(mutex_);
  if (all_closed_.wait_for(lock, limits::answer_grace, all_closed)) return;
  for (const int connection : connections_)
    ::shutdown(connection, SHUT_RDWR);
  all_closed_.wait(lock, all_closed);
}

void Server::accept_all() {
  for (;;) {
    os::Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.valid()) {
      admit(std::move(socket));
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    // Out of descriptors or memory: it passes, and must not be asked for in a circle.
    if (errno != EINTR && errno != ECONNABORTED) ::poll(nullptr, 0, 100);
  }
}

void Server::admit(os::Descriptor socket) {
  const int number = socket.number();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (connections_.size() < options_.connections_max) {
      try {
        std::thread([this, s = std::move(socket)]() mutable { serve(std::move(s)); }).detach();
        connections_.insert(number);
      } catch (const std::system_error&) {
        // No thread is to be had: the connection is closed, and its sender tries again.
      }
      return;
    }
  }
  HttpConnection connection(std::move(socket), options_.http);
  connection.answer({503, R"({"error":{"code":"limit","message":"too many connections; try again"}})", {}},
                    false);
}

void Server::serve(os::Descriptor socket) {
  const int number = socket.number();
  HttpConnection connection(std::move(socket), options_.http, &bodies_);
  for (bool more = true; more;) {
    const auto received = connection.receive();
    if (const auto* request = std::get_if<HttpRequest>(&received)) {
      more = connection.answer(respond_(*request), connection.keeps_alive());
    } else {
      if (const auto* refusal = std::get_if<HttpResponse>(&received)) connection.refuse(*refusal);
      more = false;
    }
  }
  // The socket is closed only afterwards, or its number could be another connection's already. From here on
  // the server may be gone.
  const std::lock_guard lock(mutex_);
  connections_.erase(number);
  if (connections_.empty()) all_closed_.notify_all();
}

}  // namespace aludel
