// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "processor/page.hpp"

namespace aludel {

/// The calls of a processor's process, as its host sees them in its page.
///
/// Its plugin may do what it likes with the page and its name. So the host opens the page before the process
/// is there, and keeps that; and a page that shows nothing to be believed shows one call, which goes on since
/// it last showed something.
class CallWatch {
 public:
  using Call = InFlightPage::Call;
  using Time = std::chrono::steady_clock::time_point;
  using CpuTime = std::optional<std::chrono::nanoseconds>;

  /// A call that goes on since an earlier look.
  struct Sight {
    std::optional<Call> call;  ///< nothing: the page shows nothing to be believed
    Time::duration taken;      ///< since it was seen first
    CpuTime cpu_time;          ///< that its process has used since then
    bool is_certain;           ///< else the page may be just being written
  };

  /// Makes the page, if there is none.
  static Result<std::unique_ptr<CallWatch>> open(const std::filesystem::path& page);

  /// Whose page it is to be.
  void started(int pid) { pid_ = static_cast<std::uint64_t>(pid); }
  /// When its page must be there: before, that it shows nothing says nothing.
  void expect_page(Time by) { seen_ = std::min(seen_, by); }
  /// What was in flight before is over.
  void begin(Time now, CpuTime used);
  /// @param used by its process so far  @return nothing: no call, or another one than at the last look
  std::optional<Sight> look(Time now, CpuTime used);

  /// What the page says: a call, or that there is none (stage 0). Nothing: it says nothing to be believed.
  [[nodiscard]] std::optional<Call> shown() const;
  /// What the plugin is doing, or was doing when its process died.
  [[nodiscard]] std::optional<Call> in_flight() const;
  /// The last death in a call for an event.
  [[nodiscard]] std::optional<Death> death() const { return page_->death(); }

  /// How the process ended, or will now, for the one after it. The first note stands.
  void note_end(const ProcessEnd& end) { page_->note_end(pid_, end); }
  /// Once it has ended. @return whether the page had lost its name
  Result<bool> put_back() { return page_->put_back(); }

 private:
  explicit CallWatch(std::unique_ptr<InFlightPage> page) : page_(std::move(page)) {}

  std::unique_ptr<InFlightPage> page_;
  std::uint64_t pid_ = 0;
  std::uint64_t sequence_ = 0;  ///< of the call that was seen last; 0: there was none
  Time seen_ = Time::max();     ///< when that was seen first
  CpuTime used_then_;
  int blind_looks_ = 0;  ///< in a row
};

}  // namespace aludel
