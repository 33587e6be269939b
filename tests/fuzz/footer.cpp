// SPDX-License-Identifier: MIT
// A footer behind a segment without blocks, its checksums made right.
#include "log/footer.hpp"

#include <string>

#include "input.hpp"
#include "log/format.hpp"
#include "seal.hpp"
#include "support/memory_file_system.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  std::string bytes(sizeof(format::SegmentHeader), '\0');
  bytes += as_text(data, size).substr(0, 32'768);
  for (const bool sealed : {false, true}) {
    if (sealed) seal_footer(bytes, sizeof(format::SegmentHeader), Uuid{});
    MemoryFileSystem files("folder", {{"segment", bytes}});
    const auto file = files.open("folder/segment", os::OpenMode::read);
    (void)find_footer(**file, "folder/segment");
  }
  return 0;
}
