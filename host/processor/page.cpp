// SPDX-License-Identifier: MIT
#include "processor/page.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "base/os/boot_id.hpp"

namespace aludel {

namespace {

static_assert(std::endian::native == std::endian::little, "the page's words are little-endian");

constexpr std::uint64_t magic = 0x3147504c4544554c;  // "LUDELPG1"

struct Boot {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

Result<Boot> this_boot() {
  const auto id = os::boot_id();
  if (!id) return id.error();
  Boot boot;
  std::memcpy(&boot.low, id->bytes.data(), sizeof boot.low);
  std::memcpy(&boot.high, id->bytes.data() + sizeof boot.low, sizeof boot.high);
  return boot;
}

}  // namespace

InFlightPage::InFlightPage(std::optional<os::SharedPage> page, std::uint64_t boot_low,
                           std::uint64_t boot_high)
    : page_(std::move(page)), boot_{boot_low, boot_high}, salt_(boot_low ^ std::rotl(boot_high, 1)) {
  // Nothing is constructed in the page: another process may be using it.
  if (page_) layout_ = static_cast<Layout*>(page_->data());
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::create(const std::filesystem::path& file) {
  const auto boot = this_boot();
  if (!boot) return boot.error();
  auto shared = os::SharedPage::open(file);
  if (!shared) return shared.error();
  std::unique_ptr<InFlightPage> page(new InFlightPage(std::move(*shared), boot->low, boot->high));
  auto& layout = *page->layout_;
  // The entry first: as long as its checksum is wrong, nobody believes it.
  layout.checksum.store(~page->salt_);
  for (auto* word : {&layout.event_id, &layout.call, &layout.sequence, &layout.returned})
    word->store(0);
  layout.boot[0].store(boot->low);
  layout.boot[1].store(boot->high);
  layout.magic.store(magic);
  return page;
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::view(const std::filesystem::path& file) {
  const auto boot = this_boot();
  if (!boot) return boot.error();
  auto shared = os::SharedPage::open_read_only(file);
  if (!shared && shared.error().code != ErrorCode::not_found) return shared.error();
  auto page = shared ? std::optional(std::move(*shared)) : std::nullopt;
  return std::unique_ptr<InFlightPage>(new InFlightPage(std::move(page), boot->low, boot->high));
}

std::optional<InFlightPage::Call> InFlightPage::read() const {
  if (layout_ == nullptr || layout_->magic.load() != magic) return std::nullopt;
  if (layout_->boot[0].load() != boot_[0] || layout_->boot[1].load() != boot_[1]) return std::nullopt;
  const auto sum = layout_->checksum.load(std::memory_order_acquire);
  const auto event_id = layout_->event_id.load();
  const auto call = layout_->call.load();
  const auto sequence = layout_->sequence.load();
  if (checksum(salt_, event_id, call, sequence) != sum) return std::nullopt;
  const bool in_flight = layout_->returned.load() < sequence;
  return Call{
      .event_id = event_id,
      .attempt = static_cast<std::uint32_t>(call >> 32),
      .stage = in_flight ? static_cast<std::uint32_t>(call) : 0U,
      .sequence = sequence,
  };
}

}  // namespace aludel
