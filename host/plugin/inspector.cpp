// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "plugin/description_json.hpp"
#include "plugin/inspection.hpp"
#include "plugin/library.hpp"
#include "plugin/sandbox.hpp"

namespace aludel {

namespace {

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(descriptor, bytes.data(), bytes.size());
    if (size < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

Result<LibraryDescription> look_into(const char* file) {
  if (auto confined = enter_inspection_sandbox(); !confined) return confined.error();
  const auto library = Library::load(file);
  if (!library) return library.error();
  return (*library)->description();
}

}  // namespace

int run_inspector(int argc, char** argv) {
  if (argc != 3 || ::fcntl(inspection_descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    std::fprintf(stderr, "%s FILE: for the host's own use, with descriptor %d open\n", inspection_command,
                 inspection_descriptor);
    return 2;
  }
  const bool written = write_all(inspection_descriptor, inspection_to_json(look_into(argv[2])));
  // Not by exit: destructors of the plugin's are not to run.
  ::_exit(written ? 0 : 1);
}

}  // namespace aludel
