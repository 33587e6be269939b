// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "runtime/backup.hpp"
#include "runtime/small_log_rig.hpp"

namespace aludel {

/// A tree of files: what each holds, or where it leads, by its path.
using TreeContent = std::map<std::string, std::string>;

/// A data directory that is at work, backups of it, and one that is restored: what is made of them must be
/// the same whatever comes in between.
class BackupSession {
 public:
  /// What can be done, and fail.
  enum class Which {
    backup,
    restore,
    rest_of_restore,  ///< that was cut off before anything was put into place
  };
  static constexpr Which all[] = {Which::backup, Which::restore, Which::rest_of_restore};

  BackupSession();

  void prepare(Which which);
  Result<Backup> run(Which which);
  /// That nothing is half done, after it has failed.
  void check_failed(Which which);
  /// That all is there, and nothing else.
  void check_done(Which which);
  /// That what was backed up, and the earlier backup, are what they were, and can be worked with.
  void check_untouched();
  /// Where it is made.
  [[nodiscard]] std::filesystem::path target(Which which) const;

 private:
  void make_data();
  void prepare_folder();
  void cut_off_restore();
  void check_folder(bool may_be_unfinished);
  [[nodiscard]] std::filesystem::path folder() const { return rig_.temp.path() / "backups"; }

  SmallLogRig rig_;
  const DataDirectory restored_{rig_.temp.path() / "restored"};
  std::filesystem::path earlier_;
  TreeContent data_;
  TreeContent earlier_content_;
  TreeContent wanted_backup_;  // of the data now
  TreeContent wanted_restore_;
};

}  // namespace aludel
