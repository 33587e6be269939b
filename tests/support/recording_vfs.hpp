// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "support/file_calls.hpp"
#include "support/layered_vfs.hpp"

namespace aludel {

/// Records what SQLite does to the databases of one folder, so that `PowerLoss` can tell what a power loss
/// after any call may leave. Syncs are recorded and not done. What SQLite shares between processes (`-shm`)
/// is no part of it: a power loss leaves nothing that counts of it.
///
/// One at a time; one thread. Connections are closed before it goes.
class RecordingVfs final : public LayeredVfs {
 public:
  RecordingVfs();

  /// Records from now on what is done in the folder. What it holds is durable, and no connection has it open.
  void record(const std::filesystem::path& folder);
  /// @return all that was recorded, which ends with this
  FileCalls stop();
  [[nodiscard]] std::size_t position() const { return calls_.size(); }

 private:
  std::optional<int> before(const Call& call) override;
  int opened(const char* path, int flags) override;
  void note_removed(const Call& call);
  [[nodiscard]] bool records(const char* path) const;
  int number_of(const std::string& name);
  void note_link();
  void note(FileCall call);

  std::filesystem::path folder_;  // empty: nothing is recorded
  FileCalls calls_;
  std::map<std::string, int> files_;  // by present name
  std::set<int> unlisted_;            // whose names the first sync makes durable
  int files_made_ = 0;
};

}  // namespace aludel
