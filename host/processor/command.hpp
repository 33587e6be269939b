// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "processor/letter_filter.hpp"

namespace aludel {

/// What an operator may ask of a processor.
struct Command {
  enum class Kind {
    pause,    ///< work off nothing more, until `resume`
    resume,   ///< go on, with all attempts anew
    skip,     ///< move past the event that it stands at
    reset,    ///< begin anew: the handler's tables, the cursor and the counters
    discard,  ///< give up dead letters
    replay,   ///< hand dead letters to the handler again
  };
  std::int64_t id = 0;
  Kind kind = Kind::pause;
  LetterFilter letters = {};  ///< discard, replay
  bool dry_run = false;       ///< replay: tell what would come of it, and undo it
};

[[nodiscard]] std::string_view to_string(Command::Kind kind);

/// What came of a command; durable as soon as it can be read.
struct CommandResult {
  bool finished = false;        ///< a replay takes a while
  bool refused = false;         ///< nothing was done: `message` says why
  std::uint64_t succeeded = 0;  ///< letters
  std::uint64_t failed = 0;     ///< letters that failed again
  std::string message;
};

/// A processor's queue of commands, `control.db` in its directory. Anyone posts; whoever owns the processor
/// reads, and keeps in the projection how far it has come.
class CommandQueue {
 public:
  /// Makes it if it is not there.
  /// @return denied, io, corrupt, locked; unsupported: made by a newer Aludel
  static Result<std::unique_ptr<CommandQueue>> open(const std::filesystem::path& directory);

  /// How many commands wait behind `applied`. Changes nothing.
  /// @return not_found: no command was ever given
  static Result<std::uint64_t> waiting(const std::filesystem::path& directory, std::int64_t applied,
                                       std::chrono::milliseconds time_max = limits::look_time_max);

  /// What is wrong with it, a line each. Changes nothing.
  /// @return not_found: no command was ever given; unsupported; io
  static Result<std::vector<std::string>> faults(const std::filesystem::path& directory);

  /// @param applied the command that the processor applied last, by its projection; ids go on behind it even
  ///   if the queue was lost
  /// @return the command's id; it is durable
  Result<std::int64_t> post(const Command& command, std::int64_t applied);
  /// The oldest command behind `applied`.
  Result<std::optional<Command>> next(std::int64_t applied);

 private:
  explicit CommandQueue(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  std::unique_ptr<Database> database_;
};

}  // namespace aludel
