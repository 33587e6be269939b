// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "policy/replay.hpp"

namespace aludel {

/// When the dead letters of a projection are due for a replay without an order. The times are in the letters
/// themselves, and so is how often each was tried: whether one is permanent, and when the next replay is,
/// follows from these and the policy at any time.
///
/// Borrows the database. Whatever writes belongs into a transaction of the caller's.
class LetterSchedule {
 public:
  explicit LetterSchedule(Database& database) : database_(&database) {}

  /// The table and the index, behind the letters'.
  static Result<void> make(Database& database);

  /// Takes a policy, before any letter is written. In memory only.
  void take(const ReplayPolicy& policy) { policy_ = policy; }
  /// Whether the letters that are there are to be given this policy's states and times: they have another's.
  [[nodiscard]] Result<bool> differs();
  /// Gives them those.
  Result<void> adopt();
  /// Has no letter wait longer than the policy's longest delay, as some would when the clock was set back.
  Result<void> shorten_waits(std::int64_t now_ns);

  /// The next replay of a letter that failed; nothing: it has none. @param retries automatic ones that failed
  [[nodiscard]] std::optional<std::int64_t> next_replay_ns(std::uint64_t retries,
                                                           std::int64_t failed_ns) const;
  /// Whether a letter that has been tried so often is permanent.
  [[nodiscard]] bool is_exhausted(std::uint64_t retries) const { return retries >= retries_max(); }
  /// Retries from which on a letter is permanent; where there are no automatic replays, none is.
  [[nodiscard]] std::uint64_t retries_max() const;

  /// The letters that are due, in the policy's order, up to limits::replays_queued_max.
  [[nodiscard]] Result<std::vector<std::int64_t>> due(std::int64_t now_ns);
  /// How long until there is something to do: the first letter is due, or one waits too long. Negative or
  /// zero: there is; nothing: no letter waits. Looked up once, until `changed`.
  [[nodiscard]] Result<std::optional<std::chrono::nanoseconds>> rest(std::int64_t now_ns);
  /// Letters have come, gone or failed again; or perhaps a transaction with them was undone.
  void changed() { knows_waits_ = false; }

 private:
  /// When the first letter is due and when the last one, wall clock.
  struct Waits {
    std::int64_t first_ns;
    std::int64_t last_ns;
  };

  Result<void> adopt(std::uint64_t retries);
  Result<void> look_up_waits();
  [[nodiscard]] std::int64_t longest_wait_ns() const;

  Database* database_;
  ReplayPolicy policy_;
  bool knows_waits_ = false;
  std::optional<Waits> waits_;
};

}  // namespace aludel
