// SPDX-License-Identifier: MIT
// A file that claims to be a plugin.
#include "plugin/elf.hpp"

#include <memory>

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  const auto input = as_text(data, size);
  elf::Header header;
  if (elf::read_header(input.substr(0, elf::header_size), size, header)) return 0;
  // As the file gives them: fewer only at its end. To their size, so that a sanitizer sees a step beyond it.
  if (header.segments_offset > size) return 0;
  const auto segments = input.substr(header.segments_offset, header.segments_size);
  const auto bytes = std::make_unique<char[]>(segments.size());
  segments.copy(bytes.get(), segments.size());
  (void)elf::check_segments({bytes.get(), segments.size()}, size);
  return 0;
}
