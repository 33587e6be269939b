// SPDX-License-Identifier: MIT
#include "log/known_mark.hpp"

namespace aludel {

namespace {

const KnownMark* highest_mark(std::span<const KnownMark> marks, const Uuid& log_id, bool only_durable) {
  const KnownMark* highest = nullptr;
  for (const auto& mark : marks) {
    if (mark.log_id != log_id || (only_durable && !mark.durable)) continue;
    if (highest == nullptr || mark.next > highest->next) highest = &mark;
  }
  return highest;
}

}  // namespace

const KnownMark* highest_durable_mark(std::span<const KnownMark> marks, const Uuid& log_id) {
  return highest_mark(marks, log_id, true);
}

const KnownMark* contradicting_mark(std::span<const KnownMark> marks, const Uuid& log_id, std::uint64_t end,
                                    bool sealed) {
  const auto* mark = highest_mark(marks, log_id, !sealed);
  return mark != nullptr && mark->next > end ? mark : nullptr;
}

}  // namespace aludel
