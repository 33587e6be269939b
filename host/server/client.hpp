// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "runtime/ingest.hpp"
#include "runtime/reload.hpp"
#include "server/http.hpp"

namespace aludel {

/// A command's way to the host of its data directory. One thread at a time.
class HostClient {
 public:
  /// How long an answer is waited for.
  struct Times {
    std::chrono::milliseconds append = limits::request_time_max;
    std::chrono::milliseconds status = limits::status_time_max;
  };

  /// @return not_found: no host listens at the socket; denied, timed_out
  static Result<std::unique_ptr<HostClient>> connect(const std::filesystem::path& socket) {
    return connect(socket, Times());
  }
  static Result<std::unique_ptr<HostClient>> connect(const std::filesystem::path& socket, const Times& times);

  /// Appends lines of NDJSON. A connection that the host has let go, as it does with idle ones, is made anew;
  /// but nothing is ever sent twice.
  /// @return the host's error; or io, timed_out: the message says whether the lines can be in the log
  Result<AppendSummary> append(std::string_view lines, std::string_view producer, std::uint64_t sequence);
  /// As `aludel status --json` prints it.
  /// @return timed_out: the host does not answer; io
  Result<std::string> status();
  /// Has a processor look for commands.
  /// @return not_found: the host runs none of this name
  Result<void> nudge(std::string_view processor);
  /// Has a processor go over to what its plugin's file holds now, and waits for what comes of it.
  /// @return what `Host::reload` says; timed_out: the host does not answer; io
  Result<Reloaded> reload(std::string_view processor);

 private:
  HostClient(std::filesystem::path socket, const Times& times) : socket_(std::move(socket)), times_(times) {}
  Result<void> connect();
  Result<std::string> post(const char* target, std::string_view processor,
                           std::chrono::milliseconds time_max);

  const std::filesystem::path socket_;
  const Times times_;
  std::unique_ptr<HttpConnection> connection_;
};

}  // namespace aludel
