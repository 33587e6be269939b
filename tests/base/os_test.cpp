// SPDX-License-Identifier: MIT
#include <atomic>
#include <cerrno>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/os/boot_id.hpp"
#include "base/os/file.hpp"
#include "base/os/file_system_kind.hpp"
#include "base/os/futex.hpp"
#include "base/os/lock.hpp"
#include "base/os/regular_file.hpp"
#include "base/os/shared_page.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {

using Word = std::atomic<std::uint32_t>;

TEST_CASE("that too many files are open is the system's failure, not the caller's, and says what to do") {
  for (const int error_number : {EMFILE, ENFILE}) {
    const auto error = os_error("open x", error_number);
    CHECK(error.code == ErrorCode::io);
    CHECK(error.message.find("open x: Too many open files") == 0);
    CHECK(error.message.find("ulimit -n") != std::string::npos);
  }
}

TEST_CASE("a lock excludes a second holder, who is told the first one's process") {
  const TempDir dir;
  const auto path = dir.path() / "lock";
  {
    const auto first = FileLock::acquire(path);
    REQUIRE(first);
    const auto second = FileLock::acquire(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::locked);
    CHECK(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
  }
  CHECK(FileLock::acquire(path));
}

TEST_CASE("a lock knows whether its name still leads to its file") {
  const TempDir dir;
  const auto path = dir.path() / "lock";
  const auto lock = FileLock::acquire(path);
  REQUIRE(lock);
  CHECK(lock->is_at(path).value());
  std::filesystem::remove(path);
  CHECK_FALSE(lock->is_at(path).value());
  CHECK(FileLock::acquire(path));
  CHECK_FALSE(lock->is_at(path).value());
}

TEST_CASE("whether a lock is held can be seen without disturbing it") {
  const TempDir dir;
  const auto path = dir.path() / "lock";
  CHECK_FALSE(FileLock::held(path).value());
  CHECK_FALSE(std::filesystem::exists(path));
  {
    const auto lock = FileLock::acquire(path);
    CHECK(FileLock::held(path).value());
  }
  CHECK_FALSE(FileLock::held(path).value());
}

TEST_CASE("what is written in a folder that a plugin may write follows no link from there") {
  const TempDir dir;
  const auto target = dir.path() / "target";
  const auto link = dir.path() / "link";
  std::ofstream(target) << "another's";
  std::filesystem::create_symlink(target, link);
  CHECK_FALSE(FileLock::acquire(link));
  CHECK_FALSE(SharedPage::open(link).has_value());
  CHECK(std::filesystem::file_size(target) == 9);
}

TEST_CASE("a pipe in place of a file that a plugin may write is told and not waited for") {
  const TempDir dir;
  const auto path = dir.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::filesystem::create_symlink(path, dir.path() / "link");
  const auto is_told = [](const auto& opened) {
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::corrupt);
    CHECK(opened.error().message.find("pipe: it is a pipe, where a file should be") != std::string::npos);
  };
  is_told(FileLock::acquire(path));
  is_told(FileLock::wait(path));
  is_told(FileLock::held(path));
  is_told(SharedPage::open(path));
  is_told(SharedPage::open_read_only(path));
  is_told(require_regular_file(path));
  const auto by_link = SharedPage::open_read_only(dir.path() / "link");
  REQUIRE_FALSE(by_link);
  CHECK(by_link.error().code == ErrorCode::corrupt);
  CHECK(require_regular_file(dir.path() / "nowhere"));
}

TEST_CASE("file systems of several machines are refused by name, local ones are not") {
  CHECK(unreliable_file_system(0x6969) == "NFS");
  CHECK(unreliable_file_system(0xFF534D42) == "SMB");
  CHECK(unreliable_file_system(0xFFFFFFFFFE534D42) == "SMB");  // as a signed 32-bit field widens it
  CHECK(unreliable_file_system(0x01021997) == "9p");
  CHECK(unreliable_file_system(0x00C36400) == "Ceph");
  CHECK(unreliable_file_system(0x65735546) == "FUSE");
  CHECK_FALSE(unreliable_file_system(0xEF53));      // ext4
  CHECK_FALSE(unreliable_file_system(0x58465342));  // XFS
  CHECK_FALSE(unreliable_file_system(0x01021994));  // tmpfs
  const TempDir dir;
  CHECK(require_local_file_system(dir.path()));
  CHECK(require_local_file_system(dir.path() / "none").error().code == ErrorCode::not_found);
}

TEST_CASE("folders are made with their missing parents, and a file in the way is told") {
  const TempDir dir;
  auto& files = real_file_system();
  CHECK(files.create_directories(dir.path() / "a" / "b" / "c"));
  CHECK(std::filesystem::is_directory(dir.path() / "a" / "b" / "c"));
  CHECK(files.create_directories(dir.path() / "a" / "b" / "c"));
  CHECK(files.create_directories(dir.path() / "a" / "d" / ""));
  CHECK(std::filesystem::is_directory(dir.path() / "a" / "d"));
  std::filesystem::create_directory_symlink(dir.path() / "a", dir.path() / "link");
  CHECK(files.create_directories(dir.path() / "link" / "e"));
  CHECK(std::filesystem::is_directory(dir.path() / "a" / "e"));
  std::ofstream(dir.path() / "file").close();
  CHECK_FALSE(files.create_directories(dir.path() / "file"));
  CHECK_FALSE(files.create_directories(dir.path() / "file" / "below"));
}

TEST_CASE("a shared page made by one is seen by another, who may only read") {
  const TempDir dir;
  const auto path = dir.path() / "page";
  CHECK(SharedPage::open_read_only(path).error().code == ErrorCode::not_found);
  std::ofstream(path).close();
  CHECK(SharedPage::open_read_only(path).error().code == ErrorCode::not_found);  // as yet too short
  auto mine = SharedPage::open(path);
  REQUIRE(mine);
  auto theirs = SharedPage::open_read_only(path);
  REQUIRE(theirs);
  static_cast<Word*>(mine->data())[5].store(42);
  CHECK(static_cast<const Word*>(theirs->data())[5].load() == 42);
  CHECK(static_cast<const Word*>(SharedPage::open(path)->data())[5].load() == 42);
}

TEST_CASE("a wait on two words ends by either, and at its deadline") {
  const TempDir dir;
  auto page = SharedPage::open(dir.path() / "page");
  const auto view = SharedPage::open_read_only(dir.path() / "page");
  REQUIRE(view);
  auto& shared = *static_cast<Word*>(page->data());
  const auto& seen = *static_cast<const Word*>(view->data());
  Word own{0};
  const auto wait = [&] {
    while (seen.load() == 0 && own.load() == 0) {
      if (!futex_wait_either({seen, 0}, {own, 0}, std::nullopt)) return;  // an older kernel
    }
  };
  std::thread first(wait);
  shared.store(1);
  futex_wake(shared, 1, Scope::shared);
  first.join();
  shared.store(0);
  std::thread second(wait);
  own.store(1);
  futex_wake(own, 1, Scope::process);
  second.join();
  own.store(0);
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  while (std::chrono::steady_clock::now() < soon)
    futex_wait(own, 0, Scope::process, soon);
  while (std::chrono::steady_clock::now() < soon)
    (void)futex_wait_either({seen, 0}, {own, 0}, soon);
}

TEST_CASE("the boot id stays the same within a boot") {
  REQUIRE(boot_id());
  CHECK(boot_id().value() == boot_id().value());
}

TEST_CASE("a file gives back what was written in parts, and tells its end") {
  const TempDir dir;
  auto& files = real_file_system();
  CHECK(files.open(dir.path() / "a", OpenMode::read).error().code == ErrorCode::not_found);
  auto file = files.open(dir.path() / "a", OpenMode::create_new);
  REQUIRE(file);
  CHECK_FALSE(files.open(dir.path() / "a", OpenMode::create_new));
  std::vector<std::string_view> parts(3'000, "ab");  // more than one system call takes
  parts.insert(parts.begin(), "");
  parts.emplace_back();
  REQUIRE((*file)->write_at(10, parts));
  REQUIRE((*file)->sync_data());
  CHECK((*file)->size().value() == 6'010);
  std::string text(7'000, '?');
  CHECK((*file)->read_at(8, std::as_writable_bytes(std::span(text))).value() == 6'002);
  CHECK(text.substr(0, 6) == std::string("\0\0abab", 6));
  CHECK((*file)->map(8'192).value()->data()[6'009] == std::byte{'b'});
  REQUIRE((*file)->truncate(3));
  CHECK((*file)->size().value() == 3);
}

TEST_CASE("a file system tells how much it still takes, by any path on it") {
  const TempDir dir;
  auto& files = os::real_file_system();
  const auto space = std::filesystem::space(dir.path());
  const auto told = files.free_space(dir.path());
  REQUIRE(told);
  CHECK(*told > 0);
  CHECK(*told <= space.capacity);
  const auto nowhere = files.free_space(dir.path() / "nothing");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == ErrorCode::not_found);
}

TEST_CASE("names in a folder are listed in order, renamed over, and removed") {
  const TempDir dir;
  auto& files = real_file_system();
  const auto folder = dir.path() / "x" / "y";
  REQUIRE(files.create_directories(folder));
  REQUIRE(files.create_directories(folder));
  REQUIRE(files.open(folder / "b", OpenMode::create_new));
  REQUIRE(files.open(folder / "a", OpenMode::create_new));
  CHECK(files.list(folder).value() == std::vector<std::string>{"a", "b"});
  REQUIRE(files.rename(folder / "b", folder / "a"));
  REQUIRE(files.sync_directory(folder));
  CHECK(files.list(folder).value() == std::vector<std::string>{"a"});
  REQUIRE(files.remove(folder / "a"));
  CHECK(files.remove(folder / "a").error().code == ErrorCode::not_found);
  CHECK(files.list(dir.path() / "none").error().code == ErrorCode::not_found);
}

TEST_CASE("the first bytes of a file are copied, and one that is shorter is told") {
  const TempDir dir;
  const auto from = dir.path() / "from";
  const std::string bytes(3 << 20, 'b');
  std::ofstream(from, std::ios::binary) << bytes << "behind";
  std::uint64_t copied = 0;
  const auto done = [&](std::uint64_t portion) { copied += portion; };
  auto& files = real_file_system();
  REQUIRE(copy_file(files, from, dir.path() / "to", bytes.size(), done));
  CHECK(copied == bytes.size());
  std::ifstream in(dir.path() / "to", std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == bytes);
  CHECK_FALSE(copy_file(files, from, dir.path() / "to", 1, done));  // it is there already
  CHECK(copy_file(files, from, dir.path() / "more", bytes.size() + 7, done).error().code ==
        ErrorCode::corrupt);
}

TEST_CASE("a link is another name for a file, and replaces none") {
  const TempDir dir;
  std::ofstream(dir.path() / "from") << "bytes";
  auto& files = real_file_system();
  REQUIRE(files.link(dir.path() / "from", dir.path() / "to"));
  CHECK(files.status(dir.path() / "to")->same_file(files.status(dir.path() / "from").value()));
  CHECK_FALSE(files.link(dir.path() / "from", dir.path() / "to"));
  CHECK(files.link(dir.path() / "nothing", dir.path() / "other").error().code == ErrorCode::not_found);
}

}  // namespace aludel::os
