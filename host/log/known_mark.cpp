// SPDX-License-Identifier: MIT
#include "log/known_mark.hpp"

namespace aludel {

namespace {

const KnownMark* higher(const KnownMark* one, const KnownMark& other) {
  return one == nullptr || other.next > one->next ? &other : one;
}

}  // namespace

const KnownMark* highest_durable_mark(std::span<const KnownMark> marks, const Uuid& log_id) {
  const KnownMark* highest = nullptr;
  for (const auto& mark : marks) {
    if (mark.durable && (mark.untold || mark.log_id == log_id)) highest = higher(highest, mark);
  }
  return highest;
}

const KnownMark* contradicting_mark(std::span<const KnownMark> marks, const Uuid& log_id, std::uint64_t end,
                                    bool sealed) {
  const KnownMark* highest = nullptr;
  for (const auto& mark : marks) {
    if (!mark.untold && mark.log_id == log_id && (mark.durable || sealed)) highest = higher(highest, mark);
  }
  return highest != nullptr && highest->next > end ? highest : nullptr;
}

}  // namespace aludel
