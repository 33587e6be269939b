// SPDX-License-Identifier: MIT
#include "cli/hint.hpp"

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("a command to type names the data directory that was named, as a shell reads it") {
  Globals globals;
  CHECK(to_type(globals, "status") == "aludel status");
  globals.data = "/var/lib/aludel";
  CHECK(to_type(globals, "processor resume x") == "aludel --data /var/lib/aludel processor resume x");
  globals.data = "my shop's";
  CHECK(to_type(globals, "status") == "aludel --data 'my shop'\\''s' status");
}

}  // namespace aludel
