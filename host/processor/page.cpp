// SPDX-License-Identifier: MIT
#include "processor/page.hpp"

#include <bit>
#include <cstring>
#include <unistd.h>
#include <utility>

#include "base/os/boot_id.hpp"
#include "base/os/file.hpp"
#include "plugin/instance.hpp"

namespace aludel {

namespace {

static_assert(std::endian::native == std::endian::little, "the page's words are little-endian");

constexpr std::uint64_t magic = 0x3247504c4544554c;  // "LUDELPG2"

constexpr std::uint64_t halves(std::uint32_t upper, std::uint32_t lower) {
  return std::uint64_t{upper} << 32 | lower;
}
constexpr std::uint32_t upper(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}
constexpr std::uint32_t lower(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}

std::uint64_t in_word(const ProcessEnd& end) {
  return halves(static_cast<std::uint32_t>(end.kind), end.value);
}
ProcessEnd to_end(std::uint64_t word) {
  return {static_cast<ProcessEnd::Kind>(upper(word)), lower(word)};
}

// Else it was to bring the handler up or down.
bool is_about_event(const InFlightPage::Call& call) {
  const auto stage = static_cast<Stage>(call.stage);
  return call.attempt != 0 || stage == Stage::flush || stage == Stage::rolled_back;
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
                                                           const std::optional<Death>& before) {
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
  if (!page->is_of_this_boot()) layout.last_round.store(0);
  page->forget_death();
  if (before) page->pass_on(*before);
  layout.writer.store(static_cast<std::uint64_t>(::getpid()));
  layout.boot[0].store(page->boot_[0]);
  layout.boot[1].store(page->boot_[1]);
  layout.magic.store(magic);
  layout.checksum.store(checksum(page->salt_, 0, 0, 0));  // no call yet
  return page;
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::keep(const std::filesystem::path& file) {
  auto page = view(file);
  if (!page) return page;
  auto shared = os::SharedPage::open(file);
  if (!shared) {
    // A plugin may have put a link or a folder there.
    if (auto removed = os::remove_tree(file); !removed) return removed.error();
    shared = os::SharedPage::open(file);
  }
  if (!shared) return shared.error();
  (*page)->attach(std::move(*shared));
  return page;
}

Result<std::unique_ptr<InFlightPage>> InFlightPage::view(const std::filesystem::path& file) {
  const auto boot = os::boot_id();
  if (!boot) return boot.error();
  return std::unique_ptr<InFlightPage>(new InFlightPage(file, *boot));
}

bool InFlightPage::attach_to_file() {
  if (page_) return true;
  auto shared = os::SharedPage::open_read_only(file_);
  if (!shared) return false;
  attach(std::move(*shared));
  return true;
}

bool InFlightPage::is_of_this_boot() const {
  return layout_->magic.load() == magic && layout_->boot[0].load() == boot_[0] &&
         layout_->boot[1].load() == boot_[1];
}

std::optional<InFlightPage::Call> InFlightPage::read() {
  if (!attach_to_file() || !is_of_this_boot()) return std::nullopt;
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

std::optional<Death> InFlightPage::death() {
  if (!attach_to_file() || !is_of_this_boot()) return std::nullopt;
  auto before = passed_on();
  const auto call = read();
  if (!call || call->stage == 0 || !is_about_event(*call)) return before;
  Death death{call->event_id, call->attempt, call->stage, to_end(layout_->end.load()), 0};
  if (death.attempt == 0 || death.is_fault()) return death;
  const bool again = before && before->event_id == death.event_id && before->attempt == death.attempt;
  death.interruptions = (again ? before->interruptions : 0) + 1;
  return death;
}

std::optional<Death> InFlightPage::passed_on() const {
  const auto call = layout_->before_call.load(std::memory_order_acquire);
  if (call == 0) return std::nullopt;
  return Death{layout_->before_event.load(),
               upper(call),
               lower(call),
               to_end(layout_->before_end.load()),
               lower(layout_->before_interruptions.load()),
               true};
}

void InFlightPage::pass_on(const Death& death) {
  layout_->before_event.store(death.event_id);
  layout_->before_end.store(in_word(death.end));
  layout_->before_interruptions.store(death.interruptions);
  layout_->before_call.store(halves(death.attempt, death.stage), std::memory_order_release);
}

void InFlightPage::forget_death() {
  layout_->before_call.store(0, std::memory_order_release);
}

void InFlightPage::note_round(Time at) {
  const auto since = std::chrono::nanoseconds(at.time_since_epoch());
  layout_->last_round.store(static_cast<std::uint64_t>(since.count()));
}

std::optional<InFlightPage::Time> InFlightPage::last_round() const {
  const auto since = std::chrono::nanoseconds(static_cast<std::int64_t>(layout_->last_round.load()));
  if (since.count() == 0) return std::nullopt;
  return Time(since);
}

void InFlightPage::note_end(std::uint64_t writer, const ProcessEnd& end) {
  const auto call = read();
  if (!call || call->stage == 0 || call->writer != writer) return;
  std::uint64_t none = 0;
  layout_->end.compare_exchange_strong(none, in_word(end));
}

Result<bool> InFlightPage::put_back() {
  if (page_->is_at(file_)) return false;
  auto again = keep(file_);
  if (!again) return again.error();
  std::memcpy((*again)->page_->data(), page_->data(), os::SharedPage::size);
  attach(std::move(*(*again)->page_));
  return true;
}

void InFlightPage::note_end(const std::filesystem::path& file, std::uint64_t writer, const ProcessEnd& end) {
  const auto seen = view(file);
  if (!seen || !(*seen)->read()) return;
  if (const auto page = keep(file)) (*page)->note_end(writer, end);
}

std::optional<Death> read_death(const std::filesystem::path& page) {
  const auto before = InFlightPage::view(page);
  return before ? (*before)->death() : std::nullopt;
}

}  // namespace aludel
