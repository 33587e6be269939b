// SPDX-License-Identifier: MIT
#include "policy/strategy.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

namespace aludel {

TEST_CASE("fail_fast stops at every failure, whatever the attempt") {
  for (const auto kind : {FailureKind::retry, FailureKind::fail, FailureKind::fatal}) {
    for (const std::uint32_t attempt : {1U, 2U, 100U}) {
      CHECK(decide(Failure{kind, attempt}, Strategy::fail_fast).kind == Action::Kind::stop);
    }
  }
}

}  // namespace aludel
