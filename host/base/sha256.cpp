// SPDX-License-Identifier: MIT
#include "base/sha256.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/evp.h>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/os/file.hpp"

namespace aludel {

namespace {

constexpr std::size_t digest_size = 32;

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

// It fails for want of memory, or where SHA-256 is forbidden.
Error no_digest(const std::filesystem::path& file) {
  return {ErrorCode::memory, "make the SHA-256 digest of " + file.string() + ": libcrypto refuses"};
}

}  // namespace

Result<std::string> sha256_of(const std::filesystem::path& file) {
  const auto opened = os::real_file_system().open(file, os::OpenMode::read);
  if (!opened) return opened.error();
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) return no_digest(file);
  std::array<std::byte, 64 * limits::KiB> bytes{};
  for (std::uint64_t at = 0;;) {
    const auto size = (*opened)->read_at(at, bytes);
    if (!size) return size.error();
    if (*size == 0) break;
    if (EVP_DigestUpdate(context.get(), bytes.data(), *size) != 1) return no_digest(file);
    at += *size;
  }
  std::array<unsigned char, digest_size> digest{};
  if (EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) return no_digest(file);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

bool is_sha256(std::string_view text) {
  return text.size() == 2 * digest_size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace aludel
