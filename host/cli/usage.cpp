// SPDX-License-Identifier: MIT
#include "cli/usage.hpp"

#include <algorithm>
#include <charconv>

#include "base/nearest.hpp"

namespace aludel {

namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

// "a, b or c"
std::string choice(const auto& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string hint(std::string_view written, const std::vector<std::string>& known) {
  const std::vector<std::string_view> words(known.begin(), known.end());
  return suggestion(written, words);
}

}  // namespace

std::string empty_fault(std::string_view value, std::string_view wanted) {
  return value.empty() ? "it is empty: give " + std::string(wanted) : "";
}

std::string count_fault(std::string_view value, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && number <= most) return {};
  return "give a whole number from 0 on, not " + in_quotes(value);
}

std::string word_fault(std::string_view value, std::span<const std::string_view> words) {
  if (std::find(words.begin(), words.end(), value) != words.end()) return {};
  return "give " + choice(words) + ", not " + in_quotes(value) + suggestion(value, words);
}

std::string describe(const Misuse& misuse) {
  const auto help = "see " + misuse.command + " --help";
  const auto ended = [&](const std::string& fault) {
    return fault + (fault.ends_with('?') ? " S" + help.substr(1) : "; " + help);
  };
  const auto& extras = misuse.extras;
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
  const auto option = std::find_if(extras.begin(), extras.end(), is_option);
  if (option != extras.end()) {
    const auto name = option->substr(0, option->find('='));
    return ended("there is no option " + in_quotes(name) + hint(name, misuse.options));
  }
  if (!misuse.commands.empty()) {
    if (extras.empty())
      return ended("give a command after " + misuse.command + ": " + choice(misuse.commands));
    const auto asked = misuse.command.substr(std::min(misuse.command.size(), sizeof "aludel"));
    return ended("there is no command " + in_quotes((asked.empty() ? "" : asked + " ") + extras.front()) +
                 hint(extras.front(), misuse.commands));
  }
  if (!extras.empty()) return ended(in_quotes(extras.front()) + " is too much for " + misuse.command);
  return ended(misuse.fault);
}

}  // namespace aludel
