// SPDX-License-Identifier: MIT
/// Feeds NDJSON from standard input to the ledger, skipping what it refuses, and prints a table of its
/// projection as TSV. usage: ledger_replay PLUGIN CONFIG accounts|entries
#include <iostream>

#include <simdjson.h>

#include "abi/fake_processor.hpp"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  abi_test::FakeProcessor ledger(*abi_test::load(argv[1]).handlers[0]);
  if (ledger.run_up(argv[2]) != ALUDEL_HANDLED) return 1;

  ledger.host.execute("begin");
  simdjson::dom::parser parser;
  std::string line;
  for (std::uint64_t id = 0; std::getline(std::cin, line); ++id) {
    const simdjson::dom::element event = parser.parse(line);
    const std::string type{std::string_view(event["type"])};
    if (type != "deposit" && type != "withdrawal") continue;
    const auto outcome = ledger.handle({.type = type, .data = simdjson::minify(event["data"]), .id = id});
    if (outcome == ALUDEL_HANDLED || ledger.host.error().code == "insufficient_funds") continue;
    std::cerr << "event " << id << ": " << ledger.host.error().message << '\n';
    return 1;
  }
  std::string rows = ledger.host.rows("select * from " + std::string(argv[3]) + " order by 1");
  for (char& c : rows)
    if (c == '|') c = '\t';
  std::cout << rows << '\n';
  return 0;
}
