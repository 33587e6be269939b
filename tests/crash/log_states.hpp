// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "log_check.hpp"
#include "state_number.hpp"
#include "state_walk.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

/// Checks states that power losses may leave of logs: of one at work, of one in recovery from such a state,
/// and of one in recovery from that.
class LogStates {
 public:
  /// About so many states of the workloads from this seed on.
  /// @return the first that is wrong, and how
  std::optional<std::string> check(std::uint32_t seed, std::uint64_t states);
  /// That one alone.
  std::optional<std::string> check_only(const StateNumber& only);

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Stage {
    const LogSession& session;
    LogSession::Promise promise;  // at the first loss, for those in recovery
    std::set<std::string> saved;
  };

  void check_workload(std::uint32_t seed, std::uint64_t states);
  void check_session(const LogSession& session, const StateNumber& workload, std::uint64_t before,
                     std::uint64_t one_in);
  void check_state(const CrashState& state, const StateNumber& number, const Stage& stage);
  void check_recovery(const CrashState& from, const StateNumber& number, const Stage& stage);
  [[nodiscard]] bool is_wanted(const StateNumber& number, std::uint64_t chosen_by,
                               std::uint64_t one_in) const;
  bool is_new(const CrashState& state, const Stage& stage);

  const TempDir temp_;
  LogCheck check_{temp_.path()};
  Tally tally_;
  std::optional<StateNumber> only_;
  std::optional<std::string> fault_;
  std::set<std::size_t> seen_;
};

}  // namespace aludel
