// SPDX-License-Identifier: MIT
// The model of a power loss, by which tests judge the log: what it may take, and what it may not.
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "support/power_loss.hpp"

namespace aludel {

namespace {

using Kind = FileCall::Kind;

const std::string old_bytes(1'200, 'o');
const std::string new_bytes(1'200, 'n');

/// A folder with a file `f`, and calls on it.
PowerLoss after(const FileCalls& calls) {
  PowerLoss loss({{"f", old_bytes}});
  for (const auto& call : calls)
    loss.advance(call);
  return loss;
}

FileCall write(std::uint64_t offset, const std::string& bytes, int file = 1) {
  return {Kind::write, file, offset, bytes};
}

/// All that `f` may hold afterwards.
std::set<std::string> contents(const PowerLoss& loss) {
  std::set<std::string> all;
  for_each_loss(loss.undecided(), 1, 0,
                [&](LossKind, const std::vector<Fate>& fates) { all.insert(loss.aftermath(fates).at("f")); });
  return all;
}

}  // namespace

TEST_CASE("what was synced is there, what was not is there, lost, or torn at the borders of sectors") {
  CHECK(contents(after({write(0, new_bytes), {Kind::sync, 1}})) == std::set{new_bytes});
  const auto piece = [](bool first, bool second, bool third) {
    return std::string(512, first ? 'n' : 'o') + std::string(512, second ? 'n' : 'o') +
           std::string(176, third ? 'n' : 'o');
  };
  CHECK(contents(after({write(0, new_bytes)})) ==
        std::set{piece(false, false, false), piece(true, true, true), piece(true, false, false),
                 piece(false, true, false), piece(false, false, true), piece(true, true, false)});
}

TEST_CASE("a file that grew may keep its length, have the new one with zeros, or have it with the bytes") {
  const auto grown = contents(after({write(1'200, "end")}));
  CHECK(grown == std::set{old_bytes, old_bytes + std::string(3, '\0'), old_bytes + "end"});
  // A write that is lost in the midst leaves zeros.
  const auto two = contents(after({write(1'200, "one"), write(1'203, "two")}));
  CHECK(two.contains(old_bytes + std::string(3, '\0') + "two"));
}

TEST_CASE("what came before a sync that failed stays in doubt until it is written again") {
  const FileCalls failed{write(0, "x"), {Kind::failed_sync, 1}, {Kind::sync, 1}};
  CHECK(contents(after(failed)).size() == 2);
  auto again = failed;
  again.push_back(write(0, "x"));
  again.push_back({Kind::sync, 1});
  CHECK(contents(after(again)).size() == 1);
}

TEST_CASE("a name is made, renamed or removed, or not, until the folder is synced") {
  FileCalls calls{{Kind::create, 2, 0, {}, "g.tmp"}, {Kind::rename, 2, 0, {}, "g.tmp", "g"}};
  const auto names = [&](const PowerLoss& loss) {
    std::set<std::string> all;
    for_each_loss(loss.undecided(), 1, 0, [&](LossKind, const std::vector<Fate>& fates) {
      std::string line;
      for (const auto& [name, bytes] : loss.aftermath(fates))
        line += name + " ";
      all.insert(line);
    });
    return all;
  };
  CHECK(names(after(calls)) == std::set<std::string>{"f ", "f g.tmp ", "f g "});
  calls.push_back({Kind::sync_folder});
  CHECK(names(after(calls)) == std::set<std::string>{"f g "});
  calls.push_back({Kind::remove, 1, 0, {}, "f"});
  CHECK(names(after(calls)) == std::set<std::string>{"f g ", "g "});
}

}  // namespace aludel
