// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/os/shared_page.hpp"
#include "base/os/shared_word.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

/// The tip page: how the writer tells every process where the log ends, and wakes those that wait for more.
/// It says what is published, no more: the log is what its segments hold. What it says is good only within
/// the boot in which it was said, and only in the file in which it was said: a copy may have gone another
/// way.
namespace aludel {

/// As it lies in the file `tip`. All zeros: nobody ever wrote.
struct TipPageLayout {
  os::SharedWord<std::uint64_t> log_id[2];
  os::SharedWord<std::uint64_t> boot_id[2];
  os::SharedWord<std::uint64_t> incarnation;  ///< of the writer that serves, at random; 0 while none does
  os::SharedWord<std::uint64_t> tip;          ///< with its check in the upper 16 bits: one store sets both
  os::SharedWord<std::uint32_t> word;         ///< the futex; changes with each publication
};
static_assert(sizeof(TipPageLayout) <= os::SharedPage::size &&
              std::atomic<std::uint64_t>::is_always_lock_free);

/// What a page was found to say.
struct PublishedTip {
  Uuid log_id;
  std::uint64_t tip = 0;
};

/// The writer's side.
class TipPublisher {
 public:
  static Result<TipPublisher> open(const std::filesystem::path& path);

  /// The log that was served here last, in whatever boot; nothing if none ever was.
  [[nodiscard]] std::optional<Uuid> served() const;
  /// What writers before this one published last in this boot: events below it were acknowledged.
  [[nodiscard]] std::optional<PublishedTip> last_published(const Uuid& boot_id) const;

  /// Nobody believes the page from here on.
  void reset();
  /// Begins to serve, after recovery.
  void serve(const Uuid& log_id, const Uuid& boot_id, std::uint64_t tip);
  /// While it serves: whether the page is as this has left it, and others see what is published. Not so if
  /// the file was cut, or somebody else has written into it.
  [[nodiscard]] bool whole() const;
  /// Raises the tip and wakes all who wait. One thread at a time.
  void publish(std::uint64_t tip);

 private:
  explicit TipPublisher(os::SharedPage page) : page_(std::move(page)) {}
  [[nodiscard]] TipPageLayout& layout() const { return *static_cast<TipPageLayout*>(page_.data()); }
  void wake();

  os::SharedPage page_;
  // What the page says, once it serves
  PublishedTip published_;
  Uuid boot_id_;
  std::uint64_t incarnation_ = 0;
  std::uint32_t seed_ = 0;  // of the checks
};

/// A reader's side; maps the page read-only. Any thread may call.
class TipView {
 public:
  /// @return not_found if no writer has ever made the page
  static Result<TipView> open(const std::filesystem::path& path, const Uuid& log_id, const Uuid& boot_id);

  /// What the writer that serves has published, or the last one that did not end its service; nothing if
  /// there is none of this boot.
  [[nodiscard]] std::optional<std::uint64_t> tip() const;
  /// What was published last in this boot, by whomever; nothing if nobody did.
  [[nodiscard]] std::optional<std::uint64_t> last_published() const;
  /// 0 while no writer serves.
  [[nodiscard]] std::uint64_t incarnation() const {
    return layout().incarnation.load(std::memory_order_acquire);
  }
  [[nodiscard]] const os::SharedWord<std::uint32_t>& word() const { return layout().word; }
  /// Whether the file was found to be cut: nothing that is published is seen here any more.
  [[nodiscard]] bool lost() const { return page_.lost(); }

 private:
  TipView(os::SharedPage page, const Uuid& log_id, const Uuid& boot_id);
  [[nodiscard]] const TipPageLayout& layout() const {
    return *static_cast<const TipPageLayout*>(page_.data());
  }

  os::SharedPage page_;
  std::uint64_t log_id_[2];
  std::uint64_t boot_id_[2];
  std::uint32_t seed_;  // of the checks
};

}  // namespace aludel
