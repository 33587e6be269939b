// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/os/file.hpp"

namespace aludel {

/// What a power loss leaves of what was not synced.
enum class Loss {
  all,     ///< nothing of it
  none,    ///< all of it
  random,  ///< any 512-byte pieces of the writes, any of the cuts, any of the names
};

/// Passes calls on files of one folder, empty at first, to the machine and records them; then tells, for a
/// power loss after any of them, what the folder may hold. Any thread.
class RecordingFileSystem final : public os::FileSystem {
 public:
  explicit RecordingFileSystem(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// While set, syncs fail and make nothing durable.
  void fail_syncs(bool fail) { fail_syncs_.store(fail); }
  /// How many calls were recorded.
  [[nodiscard]] std::size_t position() const;
  /// Makes `target` what `folder` may be after the first `calls` of them and a power loss.
  void write_survivors(std::size_t calls, Loss loss, std::uint32_t seed,
                       const std::filesystem::path& target) const;

  Result<std::unique_ptr<os::File>> open(const std::filesystem::path& path, os::OpenMode mode) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<os::FileStatus> status(const std::filesystem::path& path) override;
  Result<bool> create_directory(const std::filesystem::path& path) override;
  Result<void> sync_directory(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& path) override;

 private:
  class RecordingFile;
  struct Call {
    enum class Kind { create, write, truncate, sync, rename, remove, sync_folder } kind;
    int node = 0;
    std::uint64_t offset = 0;  // or size
    std::string bytes = {};    // or name
    std::string to = {};
  };

  void record(Call call);

  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::map<std::string, int> nodes_;  // by present name
  int nodes_made_ = 0;
  std::atomic<bool> fail_syncs_{false};
};

}  // namespace aludel
