// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "bridge.hpp"

namespace aludel {

inline aludel_statement* prepared(aludel_call* call, std::string_view sql) {
  aludel_statement* statement = nullptr;
  const auto result = call->host->prepare(call, sql.data(), sql.size(), &statement);
  CAPTURE(sql);
  REQUIRE(result == ALUDEL_OK);
  return statement;
}

inline std::int32_t run(aludel_call* call, std::string_view sql, const std::vector<aludel_value>& values = {},
                        std::int64_t* changes = nullptr) {
  return call->host->run(call, prepared(call, sql), values.data(), values.size(), changes);
}

// Runs `action` in handle; it reports handled.
template <typename Action>
Outcome in_handle(Bridge& bridge, Action action) {
  return bridge.in(Stage::handle, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
    action(call, host);
    return ALUDEL_HANDLED;
  });
}

}  // namespace aludel
