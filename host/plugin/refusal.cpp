// SPDX-License-Identifier: MIT
#include "plugin/refusal.hpp"

#include <string>

namespace aludel::refusal {

Error error(const std::filesystem::path& file, std::string_view reason, std::string_view text) {
  return {ErrorCode::refused, "refuse " + file.string() + ": " + std::string(text), std::string(reason)};
}

}  // namespace aludel::refusal
