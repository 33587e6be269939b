// SPDX-License-Identifier: MIT
#include "policy/strategy.hpp"

#include "base/assert.hpp"

namespace aludel {

Action decide(const Failure& failure, Strategy strategy) {
  // An outage is not the event's fault: no strategy may move past it.
  if (failure.kind == FailureKind::fatal) return {Action::Kind::stop};
  switch (strategy) {
    case Strategy::fail_fast: return {Action::Kind::stop};
  }
  assertion_failed("every strategy decides", __FILE__, __LINE__);
}

}  // namespace aludel
