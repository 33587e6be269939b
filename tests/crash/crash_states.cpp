// SPDX-License-Identifier: MIT
// Checks what power losses may leave: `./dev crash`.
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log_states.hpp"

namespace aludel {

namespace {

struct Arguments {
  std::uint64_t states = 100'000;
  std::uint32_t seed = 1;
  std::optional<StateNumber> only;
};

template <typename Number>
bool read(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return std::nullopt;
    const auto value = words[i + 1];
    if (words[i] == "--state") {
      arguments.only = StateNumber::parse(value);
      if (!arguments.only || arguments.only->depth() == 0) return std::nullopt;
    } else if (words[i] == "--states" ? !read(value, arguments.states)
                                      : words[i] != "--seed" || !read(value, arguments.seed)) {
      return std::nullopt;
    }
  }
  return arguments;
}

int run(const Arguments& arguments) {
  LogStates states;
  const auto wrong =
      arguments.only ? states.check_only(*arguments.only) : states.check(arguments.seed, arguments.states);
  std::fputs(states.tally().table().c_str(), stdout);
  if (wrong) std::printf("%s\n", wrong->c_str());
  std::printf("%llu states, %s\n", static_cast<unsigned long long>(states.tally().total()),
              wrong ? "the last one is wrong" : "all good");
  return wrong ? 1 : 0;
}

}  // namespace

}  // namespace aludel

int main(int argc, char** argv) {
  const auto arguments = aludel::parse({argv + 1, argv + argc});
  if (!arguments) {
    std::fputs("usage: crash_states [--states N] [--seed S] | --state NUMBER\n", stderr);
    return 2;
  }
  return aludel::run(*arguments);
}
