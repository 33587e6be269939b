// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace aludel {

/// Ten events in batches of four, each of which makes the handler emit one.
class Emitting : public Rig {
 public:
  Emitting() {
    log.append("wanted", 10, 3);
    options.batch_size = 4;
    script.emits = true;
  }

  [[nodiscard]] std::int64_t number(const std::string& sql) const { return number_in(directory(), sql); }
  [[nodiscard]] std::int64_t waiting() const { return number("select count(*) from _aludel_outbox"); }
  [[nodiscard]] std::int64_t relayed() const { return number("select relayed from _aludel_identity"); }
  void check_all_relayed() {
    CHECK(rows() == upto(9));
    CHECK(emitted.logs.size() == 1);
    CHECK(emitted.keys() == upto(9));
    CHECK(waiting() == 0);
    CHECK(relayed() == 10);
  }
  [[nodiscard]] std::vector<ProcessorError> told_errors() const {
    std::vector<ProcessorError> errors;
    for (const auto& state : told) {
      if (state.activity == Activity::retrying && state.error) errors.push_back(*state.error);
    }
    return errors;
  }
};

/// An outage.
inline Error disk_full() {
  return {ErrorCode::disk_full, "append: no space"};
}

}  // namespace aludel
