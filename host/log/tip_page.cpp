// SPDX-License-Identifier: MIT
#include "log/tip_page.hpp"

#include <cstring>
#include <limits>
#include <utility>

#include "base/os/futex.hpp"

namespace aludel {

namespace {

void split(const Uuid& uuid, std::uint64_t (&halves)[2]) {
  std::memcpy(halves, uuid.bytes.data(), sizeof halves);
}

void store(std::atomic<std::uint64_t> (&to)[2], const Uuid& uuid) {
  std::uint64_t halves[2];
  split(uuid, halves);
  for (int i = 0; i < 2; ++i)
    to[i].store(halves[i], std::memory_order_relaxed);
}

bool equal(const std::atomic<std::uint64_t> (&page)[2], const std::uint64_t (&wanted)[2]) {
  return page[0].load(std::memory_order_relaxed) == wanted[0] &&
         page[1].load(std::memory_order_relaxed) == wanted[1];
}

// Another than any before, as far as chance can promise.
std::uint64_t new_incarnation() {
  std::uint64_t halves[2];
  split(Uuid::random(), halves);
  return halves[0] | 1;
}

}  // namespace

Result<TipPublisher> TipPublisher::open(const std::filesystem::path& path) {
  auto page = os::SharedPage::open(path);
  if (!page) return page.error();
  return TipPublisher(std::move(*page));
}

void TipPublisher::reset() {
  layout().incarnation.store(0, std::memory_order_seq_cst);
  wake();
}

void TipPublisher::serve(const Uuid& log_id, const Uuid& boot_id, std::uint64_t tip) {
  auto& page = layout();
  store(page.log_id, log_id);
  store(page.boot_id, boot_id);
  page.tip.store(tip, std::memory_order_relaxed);
  page.incarnation.store(new_incarnation(), std::memory_order_release);
  wake();
}

void TipPublisher::publish(std::uint64_t tip) {
  layout().tip.store(tip, std::memory_order_release);
  wake();
}

void TipPublisher::wake() {
  layout().word.fetch_add(1, std::memory_order_release);
  os::futex_wake(layout().word, std::numeric_limits<int>::max(), os::Scope::shared);
}

TipView::TipView(os::SharedPage page, const Uuid& log_id, const Uuid& boot_id) : page_(std::move(page)) {
  split(log_id, log_id_);
  split(boot_id, boot_id_);
}

Result<TipView> TipView::open(const std::filesystem::path& path, const Uuid& log_id, const Uuid& boot_id) {
  auto page = os::SharedPage::open_read_only(path);
  if (!page) return page.error();
  return TipView(std::move(*page), log_id, boot_id);
}

std::optional<std::uint64_t> TipView::tip() const {
  return incarnation() == 0 ? std::nullopt : last_published();
}

std::optional<std::uint64_t> TipView::last_published() const {
  const auto& page = layout();
  if (!equal(page.boot_id, boot_id_) || !equal(page.log_id, log_id_)) return std::nullopt;
  return page.tip.load(std::memory_order_acquire);
}

}  // namespace aludel
