// SPDX-License-Identifier: MIT
#include "cli/hint.hpp"

namespace aludel {

namespace {

// As a shell reads it back.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string to_type(const Globals& globals, std::string_view arguments) {
  const auto data = globals.data == Globals().data ? "" : "--data " + quoted(globals.data.string()) + " ";
  return "aludel " + data + std::string(arguments);
}

std::string damaged_remedy(const std::filesystem::path& directory) {
  return "it is damaged; end the host, move " + directory.string() +
         " away, and the next run makes it anew, without its dead letters";
}

Error advised(const Error& error, const std::filesystem::path& directory) {
  if (error.code != ErrorCode::corrupt) return error;
  return {error.code, error.message + ": " + damaged_remedy(directory)};
}

}  // namespace aludel
