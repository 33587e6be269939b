// SPDX-License-Identifier: MIT
#include "base/os/mapped_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/os/file.hpp"
#include "base/os/shared_page.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {

namespace {

constexpr std::size_t page = 4'096;

/// A file of some pages of letters, open.
std::unique_ptr<File> make_file(const std::filesystem::path& path, std::size_t pages) {
  auto file = real_file_system().open(path, OpenMode::create_new);
  REQUIRE(file);
  const std::string letters(pages * page, 'a');
  REQUIRE((*file)->write_at(0, std::array<std::string_view, 1>{letters}));
  return std::move(*file);
}

bool all(const Mapping& mapping, std::size_t from, std::size_t to, char wanted) {
  return std::all_of(mapping.data() + from, mapping.data() + to,
                     [=](std::byte byte) { return byte == static_cast<std::byte>(wanted); });
}

/// Whether a process that does `action` comes to its end. What else it ends by is the business of whoever
/// handled the signal before: a sanitizer perhaps.
bool outlives(void (*action)()) {
  const int child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

/// As a library might that maps a file.
void touch_what_was_cut() {
  const int file = ::memfd_create("cut", MFD_CLOEXEC);
  auto* const data = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  auto& word = *static_cast<std::atomic<int>*>(data);
  if (word.load() != 0) ::_exit(1);
  word.store(7);
  if (word.load() != 7) ::_exit(2);
}

}  // namespace

TEST_CASE("where a mapped file was cut, zeros stand in its place, and the mapping says from where on") {
  const TempDir dir;
  const auto file = make_file(dir.path() / "a", 4);
  const auto mapping = file->map(6 * page).value();
  const auto other = file->map(6 * page).value();
  CHECK(all(*mapping, 0, 4 * page, 'a'));
  CHECK_FALSE(mapping->lost_from());
  REQUIRE(file->truncate(2 * page));
  CHECK(mapping->data()[3 * page + 5] == std::byte{0});
  CHECK(mapping->lost_from() == 3 * page);
  CHECK(all(*mapping, 2 * page, 6 * page, '\0'));
  CHECK(mapping->lost_from() == 2 * page);
  CHECK(all(*mapping, 0, 2 * page, 'a'));
  CHECK_FALSE(other->lost_from());
}

TEST_CASE("a mapping that has lost bytes does not get them back, another one does") {
  const TempDir dir;
  const auto file = make_file(dir.path() / "a", 1);
  auto mapping = file->map(page).value();
  REQUIRE(file->truncate(0));
  CHECK(mapping->data()[0] == std::byte{0});
  REQUIRE(file->write_at(0, std::array<std::string_view, 1>{"b"}));
  CHECK(mapping->data()[0] == std::byte{0});
  CHECK(mapping->lost_from() == 0);
  mapping = file->map(page).value();
  CHECK(mapping->data()[0] == std::byte{'b'});
  CHECK_FALSE(mapping->lost_from());
}

TEST_CASE("a shared page whose file was cut can still be written, by this process for itself") {
  const TempDir dir;
  auto shared = SharedPage::open(dir.path() / "page");
  REQUIRE(shared);
  REQUIRE(::truncate((dir.path() / "page").c_str(), 0) == 0);
  CHECK_FALSE(shared->whole());
  CHECK_FALSE(shared->lost());
  auto& word = *static_cast<std::atomic<std::uint32_t>*>(shared->data());
  word.store(7);
  CHECK(word.load() == 7);
  CHECK(shared->lost());
  REQUIRE(::truncate((dir.path() / "page").c_str(), SharedPage::size) == 0);
  CHECK_FALSE(shared->whole());  // nobody else sees what is in it
}

TEST_CASE("a bus error at another's mapping ends the process, unless zeros are to stand in everywhere") {
  CHECK_FALSE(outlives(touch_what_was_cut));
  CHECK(outlives([] {
    MappedMemory::stand_in_everywhere();
    touch_what_was_cut();
  }));
}

TEST_CASE("a bus error that is not at a mapping's still ends the process") {
  const TempDir dir;
  const auto file = make_file(dir.path() / "a", 1);
  const auto mapping = file->map(page).value();  // sets the handler
  CHECK_FALSE(outlives([] { ::raise(SIGBUS); }));
  CHECK(outlives([] {}));
}

}  // namespace aludel::os
