// SPDX-License-Identifier: MIT
#include "plugin/elf.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>

#include "plugin/refusal.hpp"

namespace aludel::elf {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t own_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t own_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t own_machine = EM_RISCV;
#else
#error "name this machine's e_machine"
#endif

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386: return "32-bit x86";
    case EM_X86_64: return "x86-64";
    case EM_ARM: return "32-bit ARM";
    case EM_AARCH64: return "AArch64";
    case EM_RISCV: return "RISC-V";
    case EM_PPC64: return "PowerPC 64";
    case EM_S390: return "S/390";
    default: return "machine " + std::to_string(machine);
  }
}

Fault not_a_library(std::string text) {
  return {refusal::not_a_library, std::move(text)};
}
Fault damaged(const std::string& what) {
  return not_a_library("it is cut short or damaged (" + what + "): copy or build it again");
}

bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

std::optional<Fault> check_kind(const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    return Fault{refusal::wrong_machine, "it is not 64-bit: build it for " + machine_name(own_machine)};
  }
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return Fault{refusal::wrong_machine, "it is big-endian: build it for " + machine_name(own_machine)};
  }
  if (header.e_machine != own_machine) {
    return Fault{refusal::wrong_machine, "it is for " + machine_name(header.e_machine) + ": build it for " +
                                             machine_name(own_machine)};
  }
  if (header.e_type != ET_DYN) return not_a_library("it is no shared object: link it with -shared");
  return std::nullopt;
}

}  // namespace

std::optional<Fault> read_header(std::string_view bytes, std::uint64_t file_size, Header& out) {
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return not_a_library("it is no shared object (no ELF header)");
  }
  Elf64_Ehdr header;
  static_assert(sizeof header == header_size);
  if (bytes.size() < sizeof header) return damaged("its header ends early");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (auto fault = check_kind(header)) return fault;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0) return damaged("no program headers");
  out.segments_offset = header.e_phoff;
  out.segments_size = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (!fits(out.segments_offset, out.segments_size, file_size))
    return damaged("program headers past its end");
  // The loader needs no section headers; but they stand last, so that their absence shows a cut.
  const std::uint64_t sections_size = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff != 0 && !fits(header.e_shoff, sections_size, file_size)) {
    return damaged("section headers past its end");
  }
  return std::nullopt;
}

std::optional<Fault> check_segments(std::string_view segments, std::uint64_t file_size) {
  bool has_load = false;
  for (; segments.size() >= sizeof(Elf64_Phdr); segments.remove_prefix(sizeof(Elf64_Phdr))) {
    Elf64_Phdr segment;
    std::memcpy(&segment, segments.data(), sizeof segment);
    if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
    has_load = has_load || segment.p_type == PT_LOAD;
    if (!fits(segment.p_offset, segment.p_filesz, file_size)) return damaged("a segment past its end");
  }
  if (!has_load) return damaged("nothing to load");
  return std::nullopt;
}

namespace {

std::string read_part(std::ifstream& in, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  in.clear();
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

}  // namespace

Result<void> check_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return refusal::error(file, refusal::not_found, "there is no such file: correct its path");
  }
  if (!std::filesystem::is_regular_file(file, error)) {
    return refusal::error(file, refusal::not_a_library, "it is no regular file: give a shared object");
  }
  const auto file_size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) {
    return refusal::error(file, refusal::not_a_library, "it cannot be read: check its permissions");
  }
  Header header;
  auto fault =
      read_header(read_part(in, 0, std::min<std::uint64_t>(file_size, header_size)), file_size, header);
  if (!fault) {
    fault = check_segments(read_part(in, header.segments_offset, header.segments_size), file_size);
  }
  if (fault) return refusal::error(file, fault->reason, fault->text);
  return {};
}

}  // namespace aludel::elf
