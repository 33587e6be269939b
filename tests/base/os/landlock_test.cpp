// SPDX-License-Identifier: MIT
#include "base/os/landlock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/os/descriptor.hpp"
#include "base/os/privileges.hpp"
#include "support/forked.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {
namespace {

// The error number; 0: none.
int opened(const std::filesystem::path& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  return file.valid() ? 0 : errno;
}

struct Folders {
  TempDir dir;
  std::filesystem::path own = dir.path() / "own";
  std::filesystem::path other = dir.path() / "other";

  Folders() {
    for (const auto& folder : {own, other}) {
      std::filesystem::create_directory(folder);
      std::ofstream(folder / "file") << "there";
    }
  }

  // In a process under the rules: 0 if it is as `works` says, else which of them is not.
  template <typename Works>
  [[nodiscard]] int under(const FileRules& rules, const Works& works) const {
    return in_a_process([&] {
      if (!give_up_privileges() || !restrict_files(rules)) return 99;
      return works();
    });
  }
};

}  // namespace

TEST_CASE("what is writable may be changed, and nothing else, while all may be read") {
  const Folders folders;
  FileRules rules;
  rules.writable = {folders.own, "/dev/null", folders.dir.path() / "not there"};
  const auto works = [&] {
    if (opened(folders.own / "file", O_RDWR) != 0) return 1;
    if (opened(folders.own / "new", O_WRONLY | O_CREAT) != 0) return 2;
    if (::rename((folders.own / "new").c_str(), (folders.own / "newer").c_str()) != 0) return 3;
    if (::unlink((folders.own / "newer").c_str()) != 0) return 4;
    if (opened("/dev/null", O_RDWR) != 0) return 5;
    if (::mkfifo((folders.own / "pipe").c_str(), 0600) == 0 || errno != EACCES) return 14;
    if (::mknod((folders.own / "socket").c_str(), S_IFSOCK | 0600, 0) == 0 || errno != EACCES) return 15;
    if (opened(folders.other / "file", O_RDONLY) != 0) return 6;
    if (opened(folders.other / "file", O_RDWR) != EACCES) return 7;
    if (opened(folders.other / "new", O_WRONLY | O_CREAT) != EACCES) return 8;
    if (::unlink((folders.other / "file").c_str()) == 0) return 9;
    return 0;
  };
  CHECK(folders.under(rules, works) == 0);
}

TEST_CASE("where reading is limited, what is not named is not read") {
  const Folders folders;
  FileRules rules;
  rules.writable = {folders.own};
  rules.limits_reading = true;
  rules.readable = {folders.other / "file"};
  std::ofstream(folders.other / "second") << "there";
  const auto works = [&] {
    if (opened(folders.own / "file", O_RDWR) != 0) return 1;
    if (opened(folders.other / "file", O_RDONLY) != 0) return 2;
    if (opened(folders.other / "file", O_RDWR) != EACCES) return 3;
    if (opened(folders.other / "second", O_RDONLY) != EACCES) return 4;
    if (opened(folders.other, O_RDONLY | O_DIRECTORY) != EACCES) return 5;
    return 0;
  };
  CHECK(folders.under(rules, works) == 0);
}

}  // namespace aludel::os
