// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "log_session.hpp"

namespace aludel {

/// Whether a log that a power loss has left keeps what was promised.
class LogCheck {
 public:
  /// @param dir a real folder, for lock and tip page
  explicit LogCheck(std::filesystem::path dir) : dir_(std::move(dir)) {}

  /// Opens the log, looks for each append, sends all of them again, goes on, and opens it again.
  /// @param saved what has to stand in the files `torn-<n>` afterwards
  /// @return what is wrong
  std::optional<std::string> check(const FolderContent& left, const LogSession& session,
                                   const LogSession::Promise& promise,
                                   const std::set<std::string>& saved = {});

  /// What opening the log does to its files, and what it then has in the files `torn-<n>`.
  struct Recovery {
    FileCalls calls;
    std::set<std::string> saved;
  };
  Recovery record_recovery(const FolderContent& left, const LogSession& session,
                           const LogSession::Promise& promise);

 private:
  Result<std::unique_ptr<SegmentLog>> open(os::FileSystem& files, const LogSession& session,
                                           const LogSession::Promise& promise) const;

  const std::filesystem::path dir_;
};

}  // namespace aludel
