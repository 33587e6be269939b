// SPDX-License-Identifier: MIT
#include "base/sha256.hpp"

#include <fstream>
#include <string>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

TEST_CASE("a file's digest is that of the standard's examples") {
  const TempDir dir;
  const auto digest_of = [&](const std::string& bytes) {
    std::ofstream(dir.path() / "file", std::ios::binary) << bytes;
    return sha256_of(dir.path() / "file").value();
  };
  // FIPS 180-4's example values, and NIST's of a million a's: longer than what is read at once.
  CHECK(digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sha256_of(dir.path() / "none").error().code == ErrorCode::not_found);
}

TEST_CASE("a digest is 64 lower-case hexadecimal digits") {
  CHECK(is_sha256(std::string(64, 'f')));
  CHECK(is_sha256("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
  CHECK_FALSE(is_sha256(std::string(63, 'f')));
  CHECK_FALSE(is_sha256(std::string(65, 'f')));
  CHECK_FALSE(is_sha256(std::string(64, 'F')));
  CHECK_FALSE(is_sha256(std::string(64, 'g')));
  CHECK_FALSE(is_sha256(""));
}

}  // namespace aludel
