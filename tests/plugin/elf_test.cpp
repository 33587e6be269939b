// SPDX-License-Identifier: MIT
#include "plugin/elf.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <random>

#include <doctest/doctest.h>

#include "plugin/refusal.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"
#include "test_plugins.hpp"

namespace aludel {
namespace {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The refusal of a file with these bytes; empty: it passes.
std::string refusal_of(const std::string& bytes) {
  const TempDir dir;
  const auto file = dir.path() / "p.so";
  std::ofstream(file, std::ios::binary) << bytes;
  const auto checked = elf::check_file(file);
  return checked ? "" : checked.error().reason;
}

std::string patched(std::string bytes, std::size_t at, std::uint16_t value, std::size_t size = 2) {
  bytes.replace(at, size, reinterpret_cast<const char*>(&value), size);
  return bytes;
}

}  // namespace

TEST_CASE("a shared object for this machine passes") {
  CHECK(elf::check_file(bad_plugin("good")));
}

TEST_CASE("files that are no library, or for another machine, are told apart") {
  const auto good = read_file(bad_plugin("good"));
  CHECK(refusal_of("") == refusal::not_a_library);
  CHECK(refusal_of("#!/bin/sh\necho no library\n") == refusal::not_a_library);
  CHECK(refusal_of("\177ELF") == refusal::not_a_library);
  CHECK(refusal_of(patched(good, offsetof(Elf64_Ehdr, e_machine), EM_S390)) == refusal::wrong_machine);
  CHECK(refusal_of(patched(good, EI_CLASS, ELFCLASS32, 1)) == refusal::wrong_machine);
  CHECK(refusal_of(patched(good, EI_DATA, ELFDATA2MSB, 1)) == refusal::wrong_machine);
  CHECK(refusal_of(patched(good, offsetof(Elf64_Ehdr, e_type), ET_EXEC)) == refusal::not_a_library);
  CHECK(refusal_of(patched(good, offsetof(Elf64_Ehdr, e_phnum), 0)) == refusal::not_a_library);
  CHECK(refusal_of(patched(good, offsetof(Elf64_Ehdr, e_phnum), 0xffff)) == refusal::not_a_library);
}

TEST_CASE("the refusal says which machine the file is for and what to do") {
  const auto good = read_file(bad_plugin("good"));
  std::uint16_t own = 0;
  std::memcpy(&own, good.data() + offsetof(Elf64_Ehdr, e_machine), sizeof own);
  const std::pair<std::uint16_t, std::string> machines[] = {
      {EM_386, "32-bit x86"}, {EM_X86_64, "x86-64"},    {EM_ARM, "32-bit ARM"}, {EM_AARCH64, "AArch64"},
      {EM_RISCV, "RISC-V"},   {EM_PPC64, "PowerPC 64"}, {EM_S390, "S/390"},     {4711, "machine 4711"},
  };
  const TempDir dir;
  const auto file = dir.path() / "p.so";
  for (const auto& machine : machines) {
    if (machine.first == own) continue;
    CAPTURE(machine.second);
    std::ofstream(file, std::ios::binary) << patched(good, offsetof(Elf64_Ehdr, e_machine), machine.first);
    const auto checked = elf::check_file(file);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == ErrorCode::refused);
    const auto told = "refuse " + file.string() + ": it is for " + machine.second + ": build it for ";
    CHECK(checked.error().message.starts_with(told));
  }
}

TEST_CASE("a library that is cut short is refused, wherever it is cut") {
  const auto good = read_file(bad_plugin("good"));
  for (std::size_t size = 0; size < good.size(); size += 61) {
    CAPTURE(size);
    CHECK(refusal_of(good.substr(0, size)) == refusal::not_a_library);
  }
  CHECK(refusal_of(good.substr(0, good.size() - 1)) == refusal::not_a_library);
}

TEST_CASE("a missing file, a folder and a file that is no file are refused") {
  const TempDir dir;
  CHECK(elf::check_file(dir.path() / "no.so").error().reason == refusal::not_found);
  CHECK(elf::check_file(dir.path()).error().reason == refusal::not_a_library);
  CHECK(elf::check_file("/dev/null").error().reason == refusal::not_a_library);
}

TEST_CASE("headers of any bytes are read without a look outside of them") {
  const auto good = read_file(bad_plugin("good"));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good.substr(0, random() % (elf::header_size + 1));
    for (auto changes = random() % 4; changes > 0 && !bytes.empty(); --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    elf::Header header;
    const std::uint64_t file_size = random() % 2 == 0 ? good.size() : random();
    if (!elf::read_header(bytes, file_size, header)) {
      CHECK(header.segments_offset + header.segments_size <= file_size);
    }
    (void)elf::check_segments(bytes, file_size);
  }
}

}  // namespace aludel
