// SPDX-License-Identifier: MIT
#include "crash_arguments.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace aludel {

namespace {

template <typename Number>
bool read(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool take(CrashArguments& arguments, std::string_view option, std::string_view value) {
  if (option == "--states") return read(value, arguments.states);
  if (option == "--seed") return read(value, arguments.seed);
  if (option != "--state") return false;
  arguments.only = StateNumber::parse(value);
  return arguments.only && arguments.only->depth() > 0;
}

}  // namespace

std::optional<CrashArguments> CrashArguments::parse(int argc, char** argv) {
  CrashArguments arguments;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && take(arguments, argv[i], argv[i + 1])) continue;
    std::fprintf(stderr, "usage: %s [--states N] [--seed S] | --state NUMBER\n", argv[0]);
    return std::nullopt;
  }
  return arguments;
}

}  // namespace aludel
