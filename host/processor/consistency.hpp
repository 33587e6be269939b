// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/sqlite.hpp"

namespace aludel {

/// What is wrong with a database as SQLite sees it, a line each.
/// @return an error: it cannot be read
[[nodiscard]] Result<std::vector<std::string>> database_faults(Database& database);

/// Where the host's own tables in a projection contradict each other (docs/projection-format.md), a line
/// each.
/// @return unsupported: made by a newer Aludel; corrupt; io
[[nodiscard]] Result<std::vector<std::string>> host_table_faults(Database& projection);

}  // namespace aludel
