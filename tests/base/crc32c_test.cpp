// SPDX-License-Identifier: MIT
#include "base/crc32c.hpp"

#include <string>

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("CRC32C gives the values that RFC 3720 publishes") {
  std::string rising;
  for (int i = 0; i < 32; ++i)
    rising += static_cast<char>(i);
  const std::string falling(rising.rbegin(), rising.rend());
  for (const auto crc : {crc32c, crc32c_portable}) {
    CHECK(crc("123456789", 0) == 0xE3069283);
    CHECK(crc(std::string(32, '\0'), 0) == 0x8A9136AA);
    CHECK(crc(std::string(32, '\xFF'), 0) == 0x62A8AB43);
    CHECK(crc(rising, 0) == 0x46DD794E);
    CHECK(crc(falling, 0) == 0x113FDB5C);
    CHECK(crc("", 0) == 0);
  }
}

TEST_CASE("CRC32C by instruction equals CRC32C by tables at every length and alignment") {
  std::string bytes(8'000, '\0');
  std::uint32_t state = 1;
  for (char& c : bytes)
    c = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  const std::string_view all(bytes);
  for (std::size_t size = 0; size + 8 < all.size(); size += size < 64 ? 1 : 61) {
    const auto part = all.substr(size % 8, size);
    REQUIRE(crc32c(part) == crc32c_portable(part));
  }
}

TEST_CASE("CRC32C of parts continues to that of the whole") {
  const std::string whole(5'000, 'a');
  const std::string_view view(whole);
  for (const std::size_t cut : {0u, 1u, 7u, 1'536u, 4'999u, 5'000u}) {
    CHECK(crc32c(view.substr(cut), crc32c(view.substr(0, cut))) == crc32c(view));
  }
}

}  // namespace aludel
