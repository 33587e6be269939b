// SPDX-License-Identifier: MIT
#include "crash_arguments.hpp"

#include <cstdio>
#include <string_view>

#include "read_number.hpp"

namespace aludel {

namespace {

bool take(CrashArguments& arguments, std::string_view option, std::string_view value) {
  if (option == "--states") return read_number(value, arguments.states) && arguments.states > 0;
  if (option == "--seed") return read_number(value, arguments.seed);
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
