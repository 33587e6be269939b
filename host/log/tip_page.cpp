// SPDX-License-Identifier: MIT
#include "log/tip_page.hpp"

#include <cstring>
#include <limits>
#include <utility>

#include "base/crc32c.hpp"
#include "base/os/futex.hpp"

namespace aludel {

namespace {

constexpr int check_shift = 48;  // no log comes to as many events

template <typename T>
std::uint32_t crc_of(const T& value, std::uint32_t before = 0) {
  return crc32c({reinterpret_cast<const char*>(&value), sizeof value}, before);
}

// What a tip is true for: a log, a boot, and the very file.
std::uint32_t seed_of(const Uuid& log_id, const Uuid& boot_id, const os::SharedPage& page) {
  return crc_of(page.inode(), crc_of(page.device(), crc_of(boot_id.bytes, crc_of(log_id.bytes))));
}

std::uint64_t with_check(std::uint64_t tip, std::uint32_t seed) {
  ALUDEL_ASSERT(tip >> check_shift == 0);
  const auto crc = crc_of(tip, seed);
  return tip | std::uint64_t{(crc ^ crc >> 16) & 0xffff} << check_shift;
}

std::optional<std::uint64_t> checked(std::uint64_t stored, std::uint32_t seed) {
  const auto tip = stored & ((std::uint64_t{1} << check_shift) - 1);
  if (with_check(tip, seed) != stored) return std::nullopt;
  return tip;
}

void split(const Uuid& uuid, std::uint64_t (&halves)[2]) {
  std::memcpy(halves, uuid.bytes.data(), sizeof halves);
}

void store(os::SharedWord<std::uint64_t> (&to)[2], const Uuid& uuid) {
  std::uint64_t halves[2];
  split(uuid, halves);
  for (int i = 0; i < 2; ++i)
    to[i].store(halves[i], std::memory_order_relaxed);
}

bool equal(const os::SharedWord<std::uint64_t> (&page)[2], const std::uint64_t (&wanted)[2]) {
  return page[0].load(std::memory_order_relaxed) == wanted[0] &&
         page[1].load(std::memory_order_relaxed) == wanted[1];
}

Uuid loaded(const os::SharedWord<std::uint64_t> (&from)[2]) {
  const std::uint64_t halves[2] = {from[0].load(std::memory_order_relaxed),
                                   from[1].load(std::memory_order_relaxed)};
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), halves, sizeof halves);
  return uuid;
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

std::optional<Uuid> TipPublisher::served() const {
  const auto log_id = loaded(layout().log_id);
  if (log_id == Uuid{}) return std::nullopt;
  return log_id;
}

std::optional<PublishedTip> TipPublisher::last_published(const Uuid& boot_id) const {
  const auto log_id = served();
  if (!log_id || loaded(layout().boot_id) != boot_id) return std::nullopt;
  const auto tip = checked(layout().tip.load(std::memory_order_acquire), seed_of(*log_id, boot_id, page_));
  if (!tip) return std::nullopt;
  return PublishedTip{*log_id, *tip};
}

void TipPublisher::reset() {
  layout().incarnation.store(0, std::memory_order_seq_cst);
  wake();
}

void TipPublisher::serve(const Uuid& log_id, const Uuid& boot_id, std::uint64_t tip) {
  auto& page = layout();
  published_ = {log_id, tip};
  boot_id_ = boot_id;
  incarnation_ = new_incarnation();
  seed_ = seed_of(log_id, boot_id, page_);
  store(page.log_id, log_id);
  store(page.boot_id, boot_id);
  page.tip.store(with_check(tip, seed_), std::memory_order_relaxed);
  page.incarnation.store(incarnation_, std::memory_order_release);
  wake();
}

bool TipPublisher::whole() const {
  const auto last = last_published(boot_id_);
  return page_.whole() && last && last->log_id == published_.log_id && last->tip == published_.tip &&
         layout().incarnation.load(std::memory_order_relaxed) == incarnation_;
}

void TipPublisher::publish(std::uint64_t tip) {
  published_.tip = tip;
  layout().tip.store(with_check(tip, seed_), std::memory_order_release);
  wake();
}

void TipPublisher::wake() {
  layout().word.fetch_add(1, std::memory_order_release);
  os::futex_wake(layout().word, std::numeric_limits<int>::max(), os::Scope::shared);
}

TipView::TipView(os::SharedPage page, const Uuid& log_id, const Uuid& boot_id)
    : page_(std::move(page)), seed_(seed_of(log_id, boot_id, page_)) {
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
  return checked(page.tip.load(std::memory_order_acquire), seed_);
}

}  // namespace aludel
