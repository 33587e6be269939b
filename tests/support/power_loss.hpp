// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/file_calls.hpp"
#include "support/memory_file_system.hpp"

namespace aludel {

/// What becomes of one change that nothing has made durable: a write, a cut, or a change of a name.
struct Fate {
  static constexpr std::uint64_t whole = ~std::uint64_t{0};

  /// Of a write: which of its sectors reach the disk, the first one being the lowest bit. Of anything else: 0
  /// if it is lost.
  std::uint64_t sectors = whole;
  /// Of a write: the file has become as long as the write made it, with zeros where its bytes were lost.
  bool grows = false;

  static Fate lost() { return {0, false}; }
};

/// What a power loss may leave of a folder. The model is that of a disk and a file system that keep no order:
/// of what was not synced each change stays or is lost by itself; of a write each sector does (a sector is
/// written whole or not at all); a file's length is kept or lost apart from its bytes; names are made,
/// renamed and removed each by itself, until the folder is synced.
class PowerLoss {
 public:
  static constexpr std::size_t sector = 512;

  /// A change that is undecided.
  struct Change {
    std::size_t sectors = 0;  ///< of a write; 0: it is no write
    bool may_grow = false;
  };

  /// @param durable what the folder holds at first
  explicit PowerLoss(const FolderContent& durable);

  /// The next call is done.
  void advance(const FileCall& call);

  /// What a power loss now decides.
  [[nodiscard]] std::vector<Change> undecided() const;
  /// The folder after it. @param fates of the undecided changes, in their order
  [[nodiscard]] FolderContent aftermath(const std::vector<Fate>& fates) const;

 private:
  struct Write {
    enum class State { unsynced, doubtful, durable } state = State::unsynced;
    std::uint64_t offset = 0;
    std::optional<std::string> bytes;  // nothing: a cut at `offset`
  };
  struct File {
    std::string durable;
    std::vector<Write> writes;  // since then, in order
  };

  using Names = std::map<std::string, int>;

  static void sync(File& file);
  /// The file's bytes, with those of its undecided writes that `fates` leaves; takes from these as many.
  static std::string content_of(const File& file, const Fate*& fates);
  [[nodiscard]] Names names_after(const Fate* fates) const;

  std::map<int, File> files_;
  int files_made_ = 0;
  Names names_;             // durable
  FileCalls name_changes_;  // since then, in order
};

/// Ways of choosing fates.
enum class LossKind {
  subsets,  ///< each change whole or lost: all combinations of up to eight; of more, each alone, each missing
  torn,     ///< a write stops at each border of a sector, or only one sector of it arrives
  zeros,    ///< a file has grown, but not got the bytes
  sampled,  ///< chance decides of every sector
};
inline constexpr std::size_t loss_kinds = 4;

/// Gives the fates of all changes that are worth a look, and `samples` at random.
void for_each_loss(const std::vector<PowerLoss::Change>& changes, std::uint32_t seed, int samples,
                   const std::function<void(LossKind, const std::vector<Fate>&)>& visit);

}  // namespace aludel
