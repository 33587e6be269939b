// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("columns are as wide as what is in them, and lines end without spaces") {
  Table table({{"NAME"}, {"N", Table::Align::right}, {"NOTE"}});
  table.add({"a", "12345", ""});
  table.add({"longer \u00e4", "1", "x"});
  CHECK(table.print() ==
        "NAME          N  NOTE\n"
        "a         12345\n"
        "longer \u00e4      1  x\n");
}

TEST_CASE("a cell cannot break its row or steer the terminal") {
  Table table({{"A"}, {"B"}});
  table.add({"one\ntwo\x1b[31m", "x"});
  CHECK(table.print() ==
        "A             B\n"
        "one two [31m  x\n");
}

TEST_CASE("a long text is cut, and its runs of blanks are one") {
  CHECK(in_short("as  it\n\tis", 9) == "as it is");
  CHECK(in_short("ninechars", 9) == "ninechars");
  CHECK(in_short("ten chars.", 9) == "ten ch...");
  CHECK(in_short("\u00e4\u00e4\u00e4\u00e4\u00e4", 4) == "\u00e4...");
}

TEST_CASE("numbers are told to people as people write them") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1'000) == "1,000");
  CHECK(with_commas(1'234'567) == "1,234,567");
  CHECK(counted(1, "event") == "1 event");
  CHECK(counted(0, "event") == "0 events");
  CHECK(counted(28'205, "event") == "28,205 events");
  CHECK(human_size(0) == "0 bytes");
  CHECK(human_size(1'023) == "1,023 bytes");
  CHECK(human_size(1'536) == "1.5 KiB");
  CHECK(human_size(std::uint64_t{5} << 40) == "5.0 TiB");
}

}  // namespace aludel
