// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "processor/rig.hpp"
#include "support/file_calls.hpp"
#include "support/memory_file_system.hpp"
#include "support/recording_vfs.hpp"
#include "support/sqlite_faults.hpp"

namespace aludel {

using Ids = std::set<std::uint64_t>;

/// What a projection holds.
struct ProjectionContent {
  std::uint64_t next = 0;
  std::string producer;
  std::uint64_t relayed = 0;
  std::vector<std::string> outbox;  ///< keys
  Ids rows;
  Ids unhandled;              ///< whose letters were not replayed
  Ids open;                   ///< of these, whose letters are open
  std::int64_t finished = 0;  ///< the last command that is
};

/// A processor whose handler writes, emits, skips, fails and asks for retries, with an operator who gives
/// commands; all by chance, but the same for the same seed. Its log is durable, in memory.
class ProjectionSession : private Rig {
 public:
  explicit ProjectionSession(std::uint32_t seed);

  using Relayed = std::map<std::string, std::vector<FakeAppender::One>>;

  /// A recorded life of the processor, from one power loss to the end or to the next one.
  struct Life {
    FolderContent before = {};
    FileCalls calls = {};
    // What was promised after so many calls: events that the log had, commands that were answered, and done.
    std::vector<std::pair<std::size_t, Relayed>> relayed = {};
    std::vector<std::size_t> answered = {};
    std::vector<std::pair<std::size_t, std::int64_t>> finished = {};
  };

  /// A life without a crash.
  [[nodiscard]] Life live();
  /// Holds a state that a power loss after so many calls of a life has left against all that was promised,
  /// and goes on from it to the end. @param number chooses what else is done with it
  /// @return the life that it went on with
  Life check_loss(const Life& life, const FolderContent& left, std::size_t calls, std::uint64_t number);

  /// Which of SQLite's calls fail: one, or all from that on until the processor stands still for it.
  struct SqliteFault {
    SqliteFaults::Of what;
    std::size_t passed = 0;  ///< calls before
    bool lasts = false;
  };
  /// A life, after one without a fault, in which calls fail. Holds what that leaves against all that was
  /// promised, and goes on to the end.
  /// @return how many failed
  std::size_t check_fault(SqliteFaults& faults, const SqliteFault& fault);

 private:
  class NotingAppender;

  void choose();
  [[nodiscard]] bool orders(Command::Kind kind) const;
  void answer_wait(const FakeLog::Wait& wait);
  ProcessorState run_to_end();
  std::size_t run_through(SqliteFaults& faults, bool lasts);
  [[nodiscard]] bool was_ended_by_fault() const;
  template <typename Run>
  void record(Life& life, const Run& run);
  void append_events(std::uint64_t end);
  bool give_command();
  std::int64_t commands_given() const;
  void set_deeds();
  void put(const FolderContent& left, const std::filesystem::path& folder) const;
  std::optional<ProjectionContent> look(const std::filesystem::path& folder) const;
  void check_content(const ProjectionContent& content, bool has_all_relayed) const;
  void check_end(const ProcessorState& state) const;
  void check_on_older_log(const FolderContent& left, const ProjectionContent& content, std::uint64_t number);

  std::mt19937 random_;
  std::vector<Command::Kind> commands_;
  std::map<std::uint64_t, Script::Deed> deeds_;
  Ids wanted_;
  Ids failing_;
  Ids skipped_;
  int checkpoint_every_ = 0;  // commits; 0: never
  bool gives_commands_ = false;

  RecordingVfs vfs_;
  Life* recorded_ = nullptr;  // while it lasts
};

}  // namespace aludel
