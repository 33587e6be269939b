// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace aludel {

/// A JSON string: quoted, escaped, without line breaks. What is not UTF-8 in `text` becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

/// Compact JSON on one line. Strings in `value` must be UTF-8.
///
/// The source of Boost.JSON is compiled into this file's .cpp, and nowhere else.
[[nodiscard]] std::string to_json(const boost::json::value& value);

}  // namespace aludel
