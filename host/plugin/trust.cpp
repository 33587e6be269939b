// SPDX-License-Identifier: MIT
#include "plugin/trust.hpp"

#include <algorithm>
#include <cerrno>

#include "base/os/write_access.hpp"
#include "base/sha256.hpp"
#include "plugin/refusal.hpp"

namespace aludel {

namespace fs = std::filesystem;

namespace {

constexpr int links_max = 40;  // as the kernel follows

bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code ignored;
  return fs::equivalent(one, other, ignored);
}

Result<void> check_writers(const fs::path& file, const fs::path& part) {
  const auto writers = os::other_writers(part);
  if (!writers) return writers.error();
  if (writers->empty()) return {};
  return refusal::error(file, refusal::untrusted,
                        (part == file ? "" : "of " + part.string() + ", ") + *writers +
                            ", and so could run code as you: take that right away, or name the file or its "
                            "folder in [host] writable_plugins");
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// The folder of the file, and of each link on the way to it. One is checked before what lies in it is
// followed, so nobody can change what is found.
Result<void> check_folders(const fs::path& file) {
  auto at = file;
  for (int links = 0;; ++links) {
    const auto folder = folder_of(at);
    if (auto checked = check_writers(file, folder); !checked) return checked;
    std::error_code failure;
    const bool is_link = fs::is_symlink(fs::symlink_status(at, failure));
    if (!is_link) return {};
    const auto target = fs::read_symlink(at, failure);
    if (failure) return os_error("look at " + at.string(), failure.value());
    if (links == links_max) return os_error("look at " + file.string(), ELOOP);
    at = folder / target;
  }
}

}  // namespace

Result<void> check_trust(const fs::path& file, const TrustPolicy& policy) {
  std::error_code failure;
  if (!fs::exists(file, failure) && !failure) return {};
  if (failure) return os_error("look at " + file.string(), failure.value());
  const auto& excepted = policy.writable_plugins;
  const bool may_be_writable = std::any_of(excepted.begin(), excepted.end(), [&](const fs::path& one) {
    return is_same(one, file) || is_same(one, folder_of(file));
  });
  if (!may_be_writable) {
    if (auto checked = check_writers(file, file); !checked) return checked;
    if (auto checked = check_folders(file); !checked) return checked;
  }
  if (policy.allow.empty()) return {};
  const auto digest = sha256_of(file);
  if (!digest) return digest.error();
  if (std::find(policy.allow.begin(), policy.allow.end(), *digest) != policy.allow.end()) return {};
  return refusal::error(file, refusal::not_allowed,
                        "[host] allow does not hold its SHA-256 digest: " + *digest);
}

Result<void> check_pin(const fs::path& file, const std::string& sha256) {
  const auto digest = sha256_of(file);
  if (!digest) return digest.error();
  if (*digest == sha256) return {};
  return unpinned(file, *digest);
}

Error unpinned(const fs::path& file, const std::string& sha256) {
  return refusal::error(file, refusal::other_digest,
                        "it is not the file that sha256 pins: its SHA-256 digest is " + sha256);
}

}  // namespace aludel
