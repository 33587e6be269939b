// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// Takes every append, and keeps nothing but how many events there were. For one thread.
class TakingLog : public EventLog {
 public:
  Result<AppendResult> append(const AppendRequest& request) override {
    ALUDEL_ASSERT(!request.events.empty());
    tip_ += request.events.size();
    return AppendResult{tip_ - request.events.size(), request.events.size(), 0};
  }
  Result<std::optional<std::string>> last_source(std::string_view) override {
    return std::optional<std::string>();
  }
  [[nodiscard]] Uuid log_id() const override { return {}; }
  [[nodiscard]] Result<std::uint64_t> first() const override { return 0; }
  [[nodiscard]] std::uint64_t tip() const override { return tip_; }
  Result<WaitResult> wait(std::uint64_t, const Interrupt&, std::optional<std::chrono::nanoseconds>) override {
    return WaitResult::timed_out;
  }
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t, Check) override { return nothing(); }
  Result<std::uint32_t> block_fingerprint(std::uint64_t) override { return nothing(); }

 private:
  static Error nothing() { return {ErrorCode::not_found, "nothing is kept"}; }
  std::uint64_t tip_ = 0;
};

}  // namespace aludel
