// SPDX-License-Identifier: MIT
#include "base/json_writer.hpp"

#include <boost/json/src.hpp>

#include "base/utf8.hpp"

namespace aludel {

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(repaired_utf8(text)));
}

std::string to_json(const boost::json::value& value) {
  return boost::json::serialize(value);
}

}  // namespace aludel
