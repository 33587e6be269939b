// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "server/body_budget.hpp"
#include "server/http.hpp"
#include "server/unix_socket.hpp"

namespace aludel {

/// Serves HTTP on a Unix socket: a thread a connection, as an append blocks until it is durable, and the log
/// groups those that wait at the same time. Idle threads sleep in the kernel.
class Server {
 public:
  struct Options {
    std::filesystem::path socket;
    std::size_t connections_max = limits::connections_max;  ///< one more is answered with 503
    HttpLimits http{limits::request_body_max, limits::request_header_max, limits::connection_idle_max,
                    limits::request_time_max};
    std::size_t bodies_max = limits::request_bodies_max;  ///< in memory, together; more is answered with 503
  };

  /// Answers a request. Called on many threads at once.
  using Respond = std::function<HttpResponse(const HttpRequest&)>;

  /// @return io, denied: the socket cannot be made
  static Result<std::unique_ptr<Server>> start(Options options, Respond respond);

  /// Accepts nothing more, removes the socket, and lets requests in flight be answered: what has not taken
  /// its answer within limits::answer_grace is cut off.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  Server(Options options, Respond respond, os::Descriptor listener);
  void accept_all();
  void admit(os::Descriptor socket);
  void serve(os::Descriptor socket);

  const Options options_;
  const Respond respond_;
  os::Descriptor listener_;
  std::optional<SocketName> name_;
  BodyBudget bodies_;

  std::mutex mutex_;
  std::condition_variable all_closed_;
  std::set<int> connections_;  // guarded by mutex_: descriptors, each served by a thread
  bool stopping_ = false;      // guarded by mutex_

  std::thread acceptor_;
};

}  // namespace aludel
