// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "runtime/ingest.hpp"
#include "server/http.hpp"

namespace aludel {

/// A command's way to the host of its data directory. One thread at a time.
class HostClient {
 public:
  /// @return not_found: no host listens at the socket; denied
  static Result<std::unique_ptr<HostClient>> connect(const std::filesystem::path& socket);

  /// Appends lines of NDJSON; an error is the host's.
  Result<AppendSummary> append(std::string_view lines, std::string_view producer, std::uint64_t sequence);
  /// As `aludel status --json` prints it.
  Result<std::string> status();

 private:
  explicit HostClient(os::Descriptor socket);
  Result<std::string> ask(const HttpRequest& request);

  HttpConnection connection_;
};

}  // namespace aludel
