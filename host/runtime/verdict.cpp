// SPDX-License-Identifier: MIT
#include "runtime/verdict.hpp"

#include "base/os/file.hpp"
#include "runtime/messages.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

std::filesystem::path file_in(const std::filesystem::path& directory) {
  return directory / "host.json";
}

}  // namespace

Result<void> write_verdict(const std::filesystem::path& directory, const Standstill& verdict) {
  if (auto made = os::real_file_system().create_directories(directory); !made) return made;
  ProcessorState state;
  state.activity = verdict.activity;
  state.error = verdict.error;
  return replace_file(file_in(directory), to_json(state));
}

std::optional<Standstill> read_verdict(const std::filesystem::path& directory) {
  const auto text = read_file(file_in(directory));
  if (!text) return std::nullopt;
  const auto state = parse_state(*text);
  if (!state || !state->error) return std::nullopt;
  return Standstill{state->activity, *state->error};
}

void remove_verdict(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::remove(file_in(directory), ignored);
}

}  // namespace aludel
