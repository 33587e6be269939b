// SPDX-License-Identifier: MIT
#include "log/segment_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/futex.hpp"
#include "base/os/lock.hpp"
#include "log/footer.hpp"
#include "log/segment.hpp"
#include "log/segment_cursor.hpp"

namespace aludel {

namespace {

// Where valid blocks end, and how far they themselves say that they were durable.
struct ValidEnd {
  std::uint64_t next_id;
  std::uint64_t proven;
  std::optional<SegmentScan> scan;  // of a segment without a footer
};

Result<ValidEnd> end_of_segment(os::FileSystem& files, const std::filesystem::path& path) {
  auto file = files.open(path, os::OpenMode::read);
  if (!file) return file.error();
  const auto header = read_segment_header(**file, path);
  if (!header) return header.error();
  const auto footer = find_footer(**file, path);
  if (!footer) return footer.error();
  if (footer->has_value()) return ValidEnd{(*footer)->header.end_id, (*footer)->header.end_id, {}};
  auto scan = scan_segment(**file, path, *header, 0, {});
  if (!scan) return scan.error();
  return ValidEnd{scan->next_id, std::max(scan->proven, header->first_id), std::move(*scan)};
}

void raise_to(std::atomic<std::uint64_t>& highest, std::uint64_t value) {
  auto now = highest.load(std::memory_order_relaxed);
  while (now < value && !highest.compare_exchange_weak(now, value, std::memory_order_acq_rel)) {
  }
}

}  // namespace

SegmentReader::SegmentReader(os::FileSystem& files, std::filesystem::path dir, const Uuid& log_id,
                             const Uuid& boot_id)
    : files_(files), dir_(std::move(dir)), log_id_(log_id), boot_id_(boot_id), store_(files, dir_, log_id) {}

Result<std::unique_ptr<SegmentReader>> SegmentReader::open(os::FileSystem& files,
                                                           const std::filesystem::path& dir) {
  const auto kept = kept_segments(files, dir);
  if (!kept && kept.error().code != ErrorCode::not_found) return kept.error();
  if (!kept || (kept->first_ids.empty() && !kept->mark)) {
    return Error(ErrorCode::not_found,
                 "open the log " + dir.string() +
                     ": there is none: append an event first, or name another folder by --data");
  }
  if (auto ok = require_first_segment(files, dir, *kept); !ok) return ok.error();
  const auto path = dir / segment_name(kept->first_ids.back());
  const auto file = files.open(path, os::OpenMode::read);
  if (!file && dropped_since(files, dir, *kept)) return open(files, dir);
  if (!file) return file.error();
  const auto header = read_segment_header(**file, path);
  if (!header) return header.error();
  const auto boot_id = os::boot_id();
  if (!boot_id) return boot_id.error();
  std::unique_ptr<SegmentReader> reader(new SegmentReader(files, dir, header->log_id, *boot_id));
  if (auto ok = reader->find_tip(); !ok) return ok.error();
  return reader;
}

Result<void> SegmentReader::find_tip() {
  for (;;) {
    if (auto ok = attach(); !ok) return ok;
    const auto incarnation = page() ? page()->incarnation() : 0;
    const auto live = os::FileLock::held(dir_ / "lock");
    if (!live) return live.error();
    if (const auto served = page() ? page()->tip() : std::nullopt; *live && served) {
      raise_to(seen_, *served);
      return {};
    }
    const auto first_ids = list_segments(files_, dir_);
    if (!first_ids) return first_ids.error();
    auto end = end_of_segment(files_, dir_ / segment_name(first_ids->back()));
    if (!end) return end.error();
    auto tip = end->next_id;
    // A page that the blocks contradict is damaged.
    const auto published = page() ? page()->last_published() : std::nullopt;
    if (published && *published >= end->proven) tip = std::min(tip, *published);
    // No writer has begun to serve meanwhile, so what was found is not on its way into the log or out of it.
    if (auto ok = attach(); !ok) return ok;
    if ((page() ? page()->incarnation() : 0) != incarnation) continue;
    ignored_incarnation_ = *live ? 0 : incarnation;
    raise_to(seen_, tip);
    if (end->scan && tip == end->next_id) return keep(first_ids->back(), std::move(*end->scan));
    return {};
  }
}

// Who has walked the active segment need not do it again.
Result<void> SegmentReader::keep(std::uint64_t first_id, SegmentScan scan) {
  const auto segment = store_.starting_at(first_id);
  if (!segment) return segment.error();
  (*segment)->use_index(std::move(scan.index));
  scanned_ = {first_id, scan.next_id, std::move(scan.catalog.types)};
  return {};
}

Result<void> SegmentReader::attach() {
  if (page()) return {};
  auto view = TipView::open(dir_ / "tip", log_id_, boot_id_);
  if (view) {
    page_.emplace(std::move(*view));
    attached_.store(true, std::memory_order_release);
  } else if (view.error().code != ErrorCode::not_found) {
    return view.error();
  }
  return {};
}

const TipView* SegmentReader::page() const {
  return attached_.load(std::memory_order_acquire) ? &*page_ : nullptr;
}

Result<std::uint64_t> SegmentReader::first() const {
  return read_first(files_, dir_);
}

std::uint64_t SegmentReader::tip() const {
  if (const auto* view = page(); view && view->incarnation() != ignored_incarnation_) {
    if (const auto published = view->tip()) raise_to(seen_, *published);
  }
  return seen_.load(std::memory_order_acquire);
}

Result<WaitResult> SegmentReader::wait(std::uint64_t seen, const Interrupt& interrupt,
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
                      seen, (dir_ / "tip").string()));
    }
    if (interrupt.pending()) return WaitResult::interrupted;
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return WaitResult::timed_out;
    pause(view, word, interrupt, deadline);
  }
}

void SegmentReader::pause(const TipView* page, std::uint32_t word, const Interrupt& interrupt,
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

Result<std::unique_ptr<BlockCursor>> SegmentReader::read_from(std::uint64_t id, Check check) {
  const auto end = tip();
  if (id > end) {
    return Error(ErrorCode::not_found,
                 fmt::format("read event {} of {}: it ends before event {}", id, dir_.string(), end));
  }
  auto located = store_.locate(id, end);
  if (!located) return located.error();
  return make_segment_cursor(*this, store_, std::move(*located), check);
}

Result<std::uint32_t> SegmentReader::block_fingerprint(std::uint64_t id) {
  const auto end = tip();
  if (id >= end) {
    return Error(ErrorCode::not_found,
                 fmt::format("find event {} of {}: it ends before event {}", id, dir_.string(), end));
  }
  const auto located = store_.locate(id, end);
  if (!located) {
    // The segment that follows keeps the fingerprint of the last block that was dropped.
    if (located.error().code != ErrorCode::not_found) return located.error();
    const auto behind = store_.starting_at(id + 1);
    if (!behind) return located.error();
    return (*behind)->header().previous_crc;
  }
  const auto header = located->segment->block_at(located->position);
  if (!header) return header.error();
  ALUDEL_ASSERT(header->has_value());
  return (*header)->common.crc;
}

Result<TypeCounts> SegmentReader::type_counts() {
  for (;;) {
    const auto kept = kept_segments(files_, dir_);
    if (!kept) return kept.error();
    auto counts = count_types(*kept);
    if (counts || !dropped_since(files_, dir_, *kept)) return counts;
  }
}

// The last footer counts all up to there.
Result<TypeCounts> SegmentReader::count_types(const KeptSegments& kept) {
  TypeCounts counts;
  auto from = kept.first();
  for (auto id = kept.first_ids.rbegin(); id != kept.first_ids.rend(); ++id) {
    const auto path = dir_ / segment_name(*id);
    const auto file = files_.open(path, os::OpenMode::read);
    if (!file) return file.error();
    auto footer = find_footer(**file, path);
    if (!footer) return footer.error();
    if (!footer->has_value()) {
      if (id == kept.first_ids.rbegin()) continue;
      return corrupt(path, 0, "a segment follows, but this one has no intact footer");
    }
    counts = std::move((*footer)->catalog.types);
    from = (*footer)->header.end_id;
    break;
  }
  if (scanned_ && scanned_->from == from) {
    for (const auto& [name, count] : scanned_->types)
      counts[name] += count;
    from = scanned_->to;
  }
  if (from >= tip()) return counts;
  const auto cursor = read_from(from, Check::directory);
  if (!cursor) return cursor.error();
  for (;;) {
    const auto block = (*cursor)->next();
    if (!block) return block.error();
    if (*block == nullptr) return counts;
    for (const auto& [name, count] : (*block)->types())
      counts[std::string(name)] += count;
    if (auto read = (*cursor)->check_read(); !read) return read.error();
    (*cursor)->release();
  }
}

Result<LogStats> SegmentReader::stats() {
  auto end = tip();
  auto located = store_.locate(end, end);
  // The log may have gone on, and dropped even that.
  while (!located && located.error().code == ErrorCode::not_found && tip() > end) {
    end = tip();
    located = store_.locate(end, end);
  }
  if (!located) return located.error();
  const auto kept = kept_segments(files_, dir_);
  if (!kept) return kept.error();
  LogStats stats{end, kept->first(), located->position.offset, 1};
  for (const auto first_id : kept->first_ids) {
    if (first_id >= located->segment->header().first_id) break;
    const auto file = files_.status(dir_ / segment_name(first_id));
    if (!file && file.error().code == ErrorCode::not_found) continue;  // dropped meanwhile
    if (!file) return file.error();
    stats.bytes += file->size;
    ++stats.segments;
  }
  return stats;
}

}  // namespace aludel
