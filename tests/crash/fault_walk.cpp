// SPDX-License-Identifier: MIT
#include "fault_walk.hpp"

#include <algorithm>
#include <cstdio>

#include "read_number.hpp"

namespace aludel {

bool FaultWalk::read(int argc, char** argv, const char* more_usage,
                     const std::function<bool(std::string_view, std::string_view)>& more) {
  const auto take = [&](std::string_view option, std::string_view value) {
    if (option == "--one-in") return read_number(value, one_in) && one_in > 0;
    if (option == "--call") return read_number(value, call.emplace());
    return more && more(option, value);
  };
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && take(argv[i], argv[i + 1])) continue;
    std::fprintf(stderr, "usage: %s%s [--one-in N] [--call N]\n", argv[0], more_usage);
    return false;
  }
  return true;
}

std::size_t FaultWalk::for_each_call(const std::function<bool(std::size_t)>& try_out) const {
  if (call) return try_out(*call) ? 1 : 0;
  std::size_t count = 0;
  for (auto passed = one_in / 2; try_out(passed); passed += one_in)
    ++count;
  return count;
}

void FaultTally::count(std::string_view way, std::size_t calls) {
  const auto found =
      std::find_if(counts_.begin(), counts_.end(), [&](const auto& row) { return row.first == way; });
  if (found == counts_.end()) {
    counts_.emplace_back(way, calls);
  } else {
    found->second += calls;
  }
}

bool FaultTally::print(std::string_view whose) const {
  std::size_t total = 0;
  bool all = true;
  for (const auto& [way, calls] : counts_) {
    total += calls;
    all = all && calls > 0;
    std::printf("%8zu  %s\n", calls, way.c_str());
  }
  if (total == 0) {
    std::printf("no call of a %s has that number\n", std::string(whose).c_str());
  } else {
    std::printf("%8zu  calls of a %s failed in turn, all good\n", total, std::string(whose).c_str());
  }
  return all;
}

}  // namespace aludel
