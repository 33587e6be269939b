// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.hpp"

/// Reading JSON that this program has written itself: whatever is not as expected fails the whole.
namespace aludel {

inline std::string text_at(const boost::json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

/// Boost.JSON tells signed from unsigned by how a number was read.
inline std::uint64_t number_at(const boost::json::object& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

/// @param read throws, as Boost.JSON does, where something is missing or of another type
template <typename T, typename Read>
Result<T> read_json(std::string_view text, std::string_view what, Read read) {
  try {
    const auto value = boost::json::parse(boost::json::string_view(text.data(), text.size()));
    return read(value.as_object());
  } catch (const std::exception& error) {
    return Error(ErrorCode::invalid, "read " + std::string(what) + ": " + error.what());
  }
}

}  // namespace aludel
