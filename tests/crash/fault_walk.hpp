// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aludel {

/// Which calls a program makes fail: all in turn, one in so many, or one alone.
struct FaultWalk {
  std::size_t one_in = 1;
  std::optional<std::size_t> call;

  /// [--one-in N] [--call N] and what `more` takes. @return whether they are right; if not, that was told
  bool read(int argc, char** argv, const char* more_usage = "",
            const std::function<bool(std::string_view option, std::string_view value)>& more = {});

  /// Tries with so many calls passed before one fails. @param try_out returns whether one did
  /// @return how many there were
  std::size_t for_each_call(const std::function<bool(std::size_t passed)>& try_out) const;
};

/// How many calls failed, in which way.
class FaultTally {
 public:
  void count(std::string_view way, std::size_t calls);
  /// A table for people. @return whether calls failed in each way
  bool print(std::string_view whose) const;

 private:
  std::vector<std::pair<std::string, std::size_t>> counts_;
};

}  // namespace aludel
