// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/os/shared_page.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "processor/death.hpp"

namespace aludel {

/// A small mapped file through which a processor shows, at the cost of a few stores an event, what it has in
/// flight; so its host knows which event it died at or hangs in (docs/projection-format.md, "The processor's
/// page").
///
/// Written by the processor's thread, read by any process.
class InFlightPage {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Call {
    std::uint64_t event_id = 0;
    std::uint32_t attempt = 0;
    std::uint32_t stage = 0;  ///< ALUDEL_STAGE_*; 0: no call of the plugin is in flight
    /// Counts calls. A call that keeps its number from one look to the next has taken at least the time
    /// between them.
    std::uint64_t sequence = 0;
    std::uint64_t writer = 0;  ///< process id; a page outlives its writer
  };

  /// Opens or makes the page and clears it: it shows no call.
  /// @param before passed on to the processes after this one, until one dies at an event itself
  static Result<std::unique_ptr<InFlightPage>> create(const std::filesystem::path& file,
                                                      const std::optional<Death>& before = std::nullopt);
  /// For whoever starts the writer and watches it: opens or makes the page, whatever else has its name, and
  /// keeps it, whatever the writer's plugin does with the name.
  static Result<std::unique_ptr<InFlightPage>> keep(const std::filesystem::path& file);
  /// A view for another process. A page that is not there yet reads as nothing, until it is.
  static Result<std::unique_ptr<InFlightPage>> view(const std::filesystem::path& file);

  InFlightPage(const InFlightPage&) = delete;
  InFlightPage& operator=(const InFlightPage&) = delete;

  /// A call of the plugin begins. @param attempt of the event, from 1; 0 where no event is at stake
  void enter(std::uint32_t stage, std::uint64_t event_id, std::uint32_t attempt) {
    const auto call = std::uint64_t{attempt} << 32 | stage;
    ++sequence_;
    layout_->event_id.store(event_id, std::memory_order_relaxed);
    layout_->call.store(call, std::memory_order_relaxed);
    layout_->sequence.store(sequence_, std::memory_order_relaxed);
    layout_->checksum.store(checksum(salt_, event_id, call, sequence_), std::memory_order_release);
  }
  /// It has returned.
  void leave() { layout_->returned.store(sequence_, std::memory_order_release); }
  /// A round of replays has ended: for the processes after this one, of the same boot.
  void note_round(Time at);
  [[nodiscard]] std::optional<Time> last_round() const;
  /// Passes no death on any more.
  void forget_death();

  /// What is in flight, or was when the writer died. Nothing, if it cannot be believed: another boot's, half
  /// a store, foreign bytes.
  [[nodiscard]] std::optional<Call> read();
  /// The last death in a call for an event: of the writer, if it is gone, or what it has passed on.
  [[nodiscard]] std::optional<Death> death();

  /// Of a page that is kept, by whoever watched `writer`, once it is dead or about to be killed: how it
  /// ended, for the process after it. The first note stands. Nothing, if it is in no call.
  void note_end(std::uint64_t writer, const ProcessEnd& end);
  /// Gives a page that is kept its name again, for the process after it. @return whether it had lost it
  Result<bool> put_back();
  /// The same of the page that has the name.
  static void note_end(const std::filesystem::path& file, std::uint64_t writer, const ProcessEnd& end);

 private:
  using Word = std::atomic<std::uint64_t>;

  struct Layout {
    Word magic;
    Word boot[2];
    Word writer;
    Word end;           ///< of the writer: kind in the upper half, value in the lower; 0 as long as it lives
    Word before_event;  ///< of the death that is passed on
    Word before_call;   ///< attempt in the upper half, stage in the lower; 0: there is none
    Word before_end;    ///< as above
    Word event_id;
    Word call;  ///< attempt in the upper half, stage in the lower
    Word sequence;
    Word checksum;  ///< of the three above
    Word returned;  ///< the sequence of the latest call that has returned
    Word before_interruptions;
    Word last_round;  ///< on the monotonic clock; 0: none in this boot
  };
  static_assert(Word::is_always_lock_free && sizeof(Layout) <= os::SharedPage::size);

  InFlightPage(std::filesystem::path file, const Uuid& boot);
  void attach(os::SharedPage page);
  bool attach_to_file();
  [[nodiscard]] bool is_of_this_boot() const;
  void pass_on(const Death& death);
  [[nodiscard]] std::optional<Death> passed_on() const;

  // A sum of odd multiples: one word of another call always changes it, several do but for one case in 2^64.
  static std::uint64_t checksum(std::uint64_t salt, std::uint64_t event_id, std::uint64_t call,
                                std::uint64_t sequence) {
    return salt + event_id * 0x9e3779b97f4a7c15 + call * 0xc2b2ae3d27d4eb4f + sequence * 0x165667b19e3779f9;
  }

  const std::filesystem::path file_;
  std::uint64_t boot_[2];
  std::uint64_t salt_;  ///< of the boot
  std::optional<os::SharedPage> page_;
  Layout* layout_ = nullptr;  ///< in `page_`
  std::uint64_t sequence_ = 0;
};

/// What a page says of the processes before the one that is to write it next. Before that clears it.
[[nodiscard]] std::optional<Death> read_death(const std::filesystem::path& page);

}  // namespace aludel
