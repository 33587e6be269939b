// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "log/event_log.hpp"
#include "runtime/data_directory.hpp"

namespace aludel {

/// The projections of a data directory as they are at one moment, by read transactions that are open all at
/// once, and where the log has to end for them: behind what each has come to, and before the first event that
/// one of them has emitted since. No owner waits, but their write-ahead logs grow as long as this lives.
class ProjectionMoment {
 public:
  /// @param names of processors
  /// @return stopped: things change too fast; corrupt, locked, io
  static Result<ProjectionMoment> take(const DataDirectory& data, const std::vector<std::string>& names,
                                       EventReader& log);

  [[nodiscard]] std::uint64_t log_end() const { return log_end_; }
  /// The connection whose transaction it is; null: the processor has no projection, or is gone.
  [[nodiscard]] Database* projection(const std::string& processor) const;

 private:
  struct Part {
    std::unique_ptr<Database> database;
    std::uint64_t next = 0;
  };

  Result<void> open(const std::string& processor, const std::filesystem::path& directory);
  Result<bool> settle(EventReader& log);
  Result<void> look_at(const std::string& processor, Part& part);
  [[nodiscard]] bool has_emitted_since(const Block& block) const;

  std::map<std::string, Part> parts_;                          // by processor
  std::map<std::string, std::uint64_t, std::less<>> emitted_;  // by producer
  std::uint64_t log_end_ = 0;
};

}  // namespace aludel
