// SPDX-License-Identifier: MIT
#include "processor/page.hpp"

#include <bit>
#include <cstring>
#include <unistd.h>
#include <utility>

#include "base/os/boot_id.hpp"

namespace aludel {

namespace {

static_assert(std::endian::native == std::endian::little, "the page's words are little-endian");

constexpr std::uint64_t magic = 0x3147504c4544554c;  // "LUDELPG1"

constexpr std::uint64_t halves(std::uint32_t upper, std::uint32_t lower) {
  return std::uint64_t{upper} << 32 | lower;
}
constexpr std::uint32_t upper(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}
constexpr std::uint32_t lower(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}

}  // namespace

InFlightPage::InFlightPage(std::filesystem::path file, const Uuid& boot) : file_(std::move(file)) {
  static_assert(sizeof boot_ == sizeof boot.bytes);
  std::memcpy(boot_, boot.bytes.data(), sizeof boot_);
  salt_ = boot_[0] ^ std::rotl(boot_[1], 1);
}

// Nothing is constructed in the page: another process may be using it.
void InFlightPage::attach(os::SharedPage page) {
  page_ = std::move(page);
  layout_ = static_cast<Layout*>(page_->data());
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::create(const std::filesystem::path& file,
                                                           const Interruptions& before) {
  const auto boot = os::boot_id();
  if (!boot) return boot.error();
  auto shared = os::SharedPage::open(file);
  if (!shared) return shared.error();
  std::unique_ptr<InFlightPage> page(new InFlightPage(file, *boot));
  page->attach(std::move(*shared));
  auto& layout = *page->layout_;
  // The entry first: as long as its checksum is wrong, nobody believes it.
  layout.checksum.store(~page->salt_);
  for (auto* word : {&layout.event_id, &layout.call, &layout.sequence, &layout.returned, &layout.end})
    word->store(0);
  layout.interrupted_event.store(before.event_id);
  layout.interrupted.store(halves(before.attempt, before.count));
  layout.writer.store(static_cast<std::uint64_t>(::getpid()));
  layout.boot[0].store(page->boot_[0]);
  layout.boot[1].store(page->boot_[1]);
  layout.magic.store(magic);
  return page;
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::view(const std::filesystem::path& file) {
  const auto boot = os::boot_id();
  if (!boot) return boot.error();
  return std::unique_ptr<InFlightPage>(new InFlightPage(file, *boot));
}

std::optional<InFlightPage::Call> InFlightPage::read() {
  if (!page_) {
    auto shared = os::SharedPage::open_read_only(file_);
    if (!shared) return std::nullopt;
    attach(std::move(*shared));
  }
  if (layout_->magic.load() != magic) return std::nullopt;
  if (layout_->boot[0].load() != boot_[0] || layout_->boot[1].load() != boot_[1]) return std::nullopt;
  const auto sum = layout_->checksum.load(std::memory_order_acquire);
  const auto event_id = layout_->event_id.load();
  const auto call = layout_->call.load();
  const auto sequence = layout_->sequence.load();
  if (checksum(salt_, event_id, call, sequence) != sum) return std::nullopt;
  const bool in_flight = layout_->returned.load() < sequence;
  return Call{
      .event_id = event_id,
      .attempt = upper(call),
      .stage = in_flight ? lower(call) : 0U,
      .sequence = sequence,
      .writer = layout_->writer.load(),
  };
}

ProcessEnd InFlightPage::end() const {
  const auto word = layout_->end.load();
  return {static_cast<ProcessEnd::Kind>(upper(word)), lower(word)};
}

Interruptions InFlightPage::interruptions() const {
  const auto word = layout_->interrupted.load();
  return {layout_->interrupted_event.load(), upper(word), lower(word)};
}

void InFlightPage::note_end(const std::filesystem::path& file, std::uint64_t writer, const ProcessEnd& end) {
  const auto seen = view(file);
  if (!seen) return;
  const auto call = (*seen)->read();
  if (!call || call->stage == 0 || call->writer != writer) return;
  auto shared = os::SharedPage::open(file);
  if (!shared) return;
  std::uint64_t none = 0;
  static_cast<Layout*>(shared->data())
      ->end.compare_exchange_strong(none, halves(static_cast<std::uint32_t>(end.kind), end.value));
}

}  // namespace aludel
