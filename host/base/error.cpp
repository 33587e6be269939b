// SPDX-License-Identifier: MIT
#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace aludel {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::locked: return "locked";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::limit: return "limit";
    case ErrorCode::io: return "io";
    case ErrorCode::disk_full: return "disk_full";
    case ErrorCode::memory: return "memory";
    case ErrorCode::denied: return "denied";
    case ErrorCode::refused: return "refused";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::stopped: return "stopped";
  }
  return "unknown";
}

namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    case ENOMEM: return ErrorCode::memory;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::denied;
    case ETIMEDOUT: return ErrorCode::timed_out;
    default: return ErrorCode::io;
  }
}

}  // namespace

Error os_error(std::string_view attempt, int error_number) {
  const bool too_many = error_number == EMFILE || error_number == ENFILE;
  return {code_of(error_number), std::string(attempt) + ": " + std::generic_category().message(error_number) +
                                     (too_many ? ": raise how many may be open (ulimit -n)" : "")};
}

}  // namespace aludel
