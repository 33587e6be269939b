// SPDX-License-Identifier: MIT
#include "base/os/confined.hpp"

#include <cerrno>
#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/os/landlock.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {

TEST_CASE("what is done confined to a folder changes nothing outside, and its caller is not confined") {
  const TempDir dir;
  const auto folder = dir.path() / "folder";
  const auto outside = dir.path() / "outside";
  std::filesystem::create_directory(folder);
  std::ofstream(outside) << "there";
  bool made = false;
  int removed = 0;
  REQUIRE(do_confined(folder, [&] {
    made = std::ofstream(folder / "new").is_open();
    removed = ::unlink(outside.c_str()) == 0 ? 0 : errno;
  }));
  CHECK(made);
  if (landlock_version() > 0) {
    CHECK(removed == EACCES);
    CHECK(::unlink(outside.c_str()) == 0);
  }
}

}  // namespace aludel::os
