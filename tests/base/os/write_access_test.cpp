// SPDX-License-Identifier: MIT
#include "base/os/write_access.hpp"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

struct Paths {
  Paths() {
    std::ofstream(file) << "x";
    std::filesystem::create_directory(folder);
  }
  [[nodiscard]] std::string of_file(mode_t mode) const {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return os::other_writers(file).value();
  }
  [[nodiscard]] std::string of_folder(mode_t mode) const {
    REQUIRE(::chmod(folder.c_str(), mode) == 0);
    return os::other_writers(folder).value();
  }

  TempDir dir;
  std::filesystem::path file = dir.path() / "file";
  std::filesystem::path folder = dir.path() / "folder";
};

}  // namespace

TEST_CASE("who may write to a file or a folder beside its user is told") {
  const Paths paths;
  for (const auto mode : {0700U, 0755U, 0555U, 0775U}) {  // its group is this process's own
    CHECK(paths.of_file(mode).empty());
    CHECK(paths.of_folder(mode).empty());
  }
  CHECK(paths.of_file(0666) == "everybody may write to it (mode 0666)");
  CHECK(paths.of_folder(0757) == "everybody may write to it (mode 0757)");
  CHECK(paths.of_folder(01777).empty());
  CHECK(paths.of_file(01777) == "everybody may write to it (mode 1777)");
  CHECK(os::other_writers(paths.dir.path() / "none").error().code == ErrorCode::not_found);
}

TEST_CASE("a link is as open as what it names") {
  const Paths paths;
  const auto link = paths.dir.path() / "link";
  std::filesystem::create_symlink(paths.file, link);
  CHECK(paths.of_file(0644).empty());
  CHECK(os::other_writers(link).value().empty());
  CHECK_FALSE(paths.of_file(0646).empty());
  CHECK_FALSE(os::other_writers(link).value().empty());
}

TEST_CASE("what belongs to another user or another group is theirs to write") {
  if (::geteuid() != 0) {
    MESSAGE("not tried: only root can give a file away");
    return;
  }
  const Paths paths;
  REQUIRE(::chown(paths.file.c_str(), 0, 4242) == 0);
  CHECK(paths.of_file(0644).empty());
  CHECK(paths.of_file(0664) == "group 4242 may write to it (mode 0664)");
  REQUIRE(::chown(paths.file.c_str(), 4711, 0) == 0);
  CHECK(paths.of_file(0600) == "it belongs to user 4711");
  REQUIRE(::chown(paths.folder.c_str(), 4711, 0) == 0);
  CHECK(paths.of_folder(01700) == "it belongs to user 4711");
}

}  // namespace aludel
