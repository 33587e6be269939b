// SPDX-License-Identifier: MIT
#include "cli/cli.hpp"

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("every kind of failure has its exit status") {
  const std::pair<ErrorCode, int> cases[] = {
      {ErrorCode::timed_out, 1}, {ErrorCode::stopped, 1},   {ErrorCode::invalid, 2},
      {ErrorCode::not_found, 2}, {ErrorCode::limit, 2},     {ErrorCode::conflict, 3},
      {ErrorCode::locked, 3},    {ErrorCode::corrupt, 3},   {ErrorCode::unsupported, 3},
      {ErrorCode::io, 3},        {ErrorCode::disk_full, 3}, {ErrorCode::memory, 3},
      {ErrorCode::denied, 3},    {ErrorCode::refused, 3}};
  for (const auto& failure : cases)
    CHECK_MESSAGE(exit_status(failure.first) == failure.second, to_string(failure.first));
}

}  // namespace aludel
