// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace aludel {

struct SqlBlob {
  std::string_view bytes;
};
/// null, integer, real, text, blob
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string_view, SqlBlob>;

/// Where a query's rows go. An error ends the query.
struct QuerySink {
  std::function<Result<void>(const std::vector<std::string>& columns)> columns;  ///< once, first
  std::function<Result<void>(const std::vector<SqlValue>& row)> row;             ///< valid during the call
};

/// Runs one statement that an operator typed on a database that others may be writing: opened read-only, an
/// authorizer lets nothing through that could change or reach anything else, and time and memory are limited.
/// @param give_up called on another thread if the query goes on limits::query_grace after it was to end:
/// SQLite does not look up in the middle of a function, nor does a sink that waits. It ends the process.
/// @return invalid (SQL), denied, timed_out, not_found, corrupt, io; or what the sink answered
[[nodiscard]] Result<void> run_query(const std::filesystem::path& path, const std::string& sql,
                                     std::chrono::milliseconds time_max, const QuerySink& sink,
                                     std::function<void(const Error&)> give_up = {});

}  // namespace aludel
