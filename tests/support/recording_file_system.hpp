// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "support/file_calls.hpp"

namespace aludel {

/// Passes calls on files of one folder to another file system and records them, so that `PowerLoss` can tell
/// what a power loss after any of them may leave. Any thread.
class RecordingFileSystem final : public os::FileSystem {
 public:
  RecordingFileSystem(std::filesystem::path folder, os::FileSystem& under);

  /// The next `count` syncs fail, after `passed` that do not.
  void fail_syncs(int count, int passed = 0);
  /// The next write does half of its work and fails.
  void fail_next_write();
  /// After `passed` more calls that change something the process is as good as killed: nothing it does comes
  /// through.
  void die_after(int passed);
  [[nodiscard]] bool is_dead() const;
  /// Another process comes, which has none of the files open.
  void revive();
  /// What was recorded so far.
  [[nodiscard]] FileCalls calls() const;
  [[nodiscard]] std::size_t position() const;

  Result<std::unique_ptr<os::File>> open(const std::filesystem::path& path, os::OpenMode mode) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<os::FileStatus> status(const std::filesystem::path& path) override;
  Result<bool> create_directory(const std::filesystem::path& path) override;
  Result<void> sync_directory(const std::filesystem::path& path) override;
  Result<std::uint64_t> free_space(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& path) override;

 private:
  class RecordingFile;

  // Before each call that changes something. The caller holds the mutex.
  Result<void> live(int process);
  bool sync_fails();

  const std::filesystem::path folder_;
  os::FileSystem& under_;
  mutable std::mutex mutex_;  // guards all below
  FileCalls calls_;
  std::map<std::string, int> files_;  // by present name
  int files_made_ = 0;
  std::map<int, int> errors_;  // syncs of a file that failed
  int syncs_pass_ = 0;
  int syncs_fail_ = 0;
  bool fail_write_ = false;
  std::optional<int> lives_for_;  // calls
  int process_ = 0;
};

}  // namespace aludel
