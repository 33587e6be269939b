// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What is said where the command line is not understood. Pure: the parser is not known here.
namespace aludel {

/// What is wrong with an option's value, or "" if nothing is. @param wanted "a folder"
[[nodiscard]] std::string empty_fault(std::string_view value, std::string_view wanted);
[[nodiscard]] std::string count_fault(std::string_view value, std::uint64_t most = UINT64_MAX);
[[nodiscard]] std::string word_fault(std::string_view value, std::span<const std::string_view> words);

/// A command line that did not fit.
struct Misuse {
  std::string command;                ///< as far as it was understood: "aludel plugin"
  std::vector<std::string> commands;  ///< that may follow; empty: it is whole
  std::vector<std::string> options;   ///< that it takes: "--data"
  std::vector<std::string> extras;    ///< words that nothing took
  std::string fault;                  ///< what the parser says
};

/// One line: what is wrong, what was meant perhaps, where to read more.
[[nodiscard]] std::string describe(const Misuse& misuse);

}  // namespace aludel
