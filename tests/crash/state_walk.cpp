// SPDX-License-Identifier: MIT
#include "state_walk.hpp"

#include <numeric>

#include <fmt/format.h>

namespace aludel {

namespace {

constexpr int samples = 16;  // at random, for each call

}  // namespace

std::uint64_t walk_states(const FolderContent& before, const FileCalls& calls, std::uint32_t seed,
                          const std::function<bool(std::uint64_t)>& wanted,
                          const std::function<void(const CrashState&)>& visit) {
  PowerLoss loss(before);
  std::uint64_t count = 0;
  for (std::size_t done = 0; done <= calls.size(); ++done) {
    if (done > 0) loss.advance(calls[done - 1]);
    for_each_loss(loss.undecided(), seed + static_cast<std::uint32_t>(done), samples,
                  [&](LossKind kind, const std::vector<Fate>& fates) {
                    const auto number = count++;
                    if (wanted(number)) visit({number, kind, done, loss.aftermath(fates)});
                  });
  }
  return count;
}

std::uint64_t Tally::total() const {
  std::uint64_t total_of_all = 0;
  for (std::size_t depth = 1; depth <= depth_max; ++depth)
    total_of_all += total(depth);
  return total_of_all;
}

std::uint64_t Tally::total(std::size_t depth) const {
  const auto& row = counts_.at(depth - 1);
  return std::accumulate(row.begin(), row.end(), std::uint64_t{0});
}

std::string Tally::table() const {
  constexpr std::array<const char*, depth_max> what{"at work", "in recovery", "in its recovery"};
  auto text =
      fmt::format("{:16}{:>10}{:>10}{:>10}{:>10}\n", "power lost", "subsets", "torn", "zeros", "sampled");
  for (std::size_t depth = 0; depth < depth_max; ++depth) {
    text += fmt::format("{:16}", what[depth]);
    for (const auto count : counts_[depth])
      text += fmt::format("{:10}", count);
    text += '\n';
  }
  return text;
}

}  // namespace aludel
