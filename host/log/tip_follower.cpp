// SPDX-License-Identifier: MIT
#include "log/tip_follower.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"

namespace aludel {

Result<void> TipFollower::attach() {
  if (page()) return {};
  auto view = TipView::open(file_, log_id_, boot_id_);
  if (view) {
    page_.emplace(std::move(*view));
    attached_.store(true, std::memory_order_release);
  } else if (view.error().code != ErrorCode::not_found) {
    return view.error();
  }
  return {};
}

const TipView* TipFollower::page() const {
  return attached_.load(std::memory_order_acquire) ? &*page_ : nullptr;
}

void TipFollower::raise(std::uint64_t tip) const {
  auto now = seen_.load(std::memory_order_relaxed);
  while (now < tip && !seen_.compare_exchange_weak(now, tip, std::memory_order_acq_rel)) {
  }
}

std::uint64_t TipFollower::tip() const {
  if (const auto* view = page(); view && view->incarnation() != ignored_incarnation_) {
    if (const auto published = view->tip()) raise(*published);
  }
  return seen_.load(std::memory_order_acquire);
}

Result<WaitResult> TipFollower::wait(std::uint64_t seen, const Interrupt& interrupt,
                                     std::optional<std::chrono::nanoseconds> timeout) {
  os::Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + *timeout;
  for (;;) {
    if (auto ok = attach(); !ok) return ok.error();
    const auto* view = page();
    // Taken before the tip is looked at: a publication in between changes it, and the wait ends at once.
    const auto word = view ? view->word().load(std::memory_order_acquire) : 0;
    if (tip() > seen) return WaitResult::new_events;
    if (view && view->lost()) {
      return Error(
          ErrorCode::corrupt,
          fmt::format("wait for events behind {} by {}: the file was cut, so none would be seen: end all "
                      "processes that have it open, first of all the host, and start them again",
                      seen, file_.string()));
    }
    if (interrupt.pending()) return WaitResult::interrupted;
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return WaitResult::timed_out;
    pause(view, word, interrupt, deadline);
  }
}

void TipFollower::pause(const TipView* page, std::uint32_t word, const Interrupt& interrupt,
                        os::Deadline deadline) const {
  if (page && os::futex_wait_either({page->word(), word}, {interrupt.word(), 0}, deadline)) return;
  const auto next_look = std::chrono::steady_clock::now() + limits::poll_interval;
  const auto until = deadline ? std::min(*deadline, next_look) : next_look;
  if (page) {
    os::futex_wait(page->word(), word, os::Scope::shared, until);
  } else {
    os::futex_wait(interrupt.word(), 0, os::Scope::process, until);
  }
}

}  // namespace aludel
