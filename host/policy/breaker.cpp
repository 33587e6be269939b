// SPDX-License-Identifier: MIT
#include "policy/breaker.hpp"

#include <algorithm>

namespace aludel {

bool Breaker::doubts() const {
  return policy_ && state_ != State::open && failures_in_a_row_ > 0 && failures_in_a_row_ < policy_->failures;
}

bool Breaker::fail(std::string_view key, Time now) {
  if (!policy_) return false;
  if (state_ == State::open) return true;
  ++failures_in_a_row_;
  std::erase_if(failed_, [&](const auto& one) { return now - one.second > policy_->within; });
  failed_.insert_or_assign(std::string(key), now);
  constexpr std::size_t more_than_poison = 2;
  if (failed_.size() >= (state_ == State::closed ? policy_->failures : more_than_poison)) open();
  return state_ == State::open;
}

bool Breaker::succeed() {
  failures_in_a_row_ = 0;
  if (state_ != State::half_open || ++successes_ < policy_->successes) return false;
  close();
  return true;
}

void Breaker::open() {
  turn(State::open);
}

void Breaker::half_open() {
  turn(State::half_open);
}

void Breaker::close() {
  turn(State::closed);
}

void Breaker::turn(State state) {
  state_ = state;
  failed_.clear();
  failures_in_a_row_ = 0;
  successes_ = 0;
}

}  // namespace aludel
