// SPDX-License-Identifier: MIT
#include "log/segment_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/os/boot_id.hpp"
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

}  // namespace

SegmentReader::SegmentReader(os::FileSystem& files, std::filesystem::path dir, const Uuid& log_id,
                             const Uuid& boot_id)
    : files_(files),
      dir_(std::move(dir)),
      log_id_(log_id),
      store_(files, dir_, log_id),
      follower_(dir_ / "tip", log_id, boot_id) {}

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
    if (auto ok = follower_.attach(); !ok) return ok;
    const auto* page = follower_.page();
    const auto incarnation = page ? page->incarnation() : 0;
    const auto live = os::FileLock::held(dir_ / "lock");
    if (!live) return live.error();
    if (const auto served = page ? page->tip() : std::nullopt; *live && served) {
      follower_.raise(*served);
      return {};
    }
    const auto first_ids = list_segments(files_, dir_);
    if (!first_ids) return first_ids.error();
    auto end = end_of_segment(files_, dir_ / segment_name(first_ids->back()));
    if (!end) return end.error();
    auto tip = end->next_id;
    // A page that the blocks contradict is damaged.
    const auto published = page ? page->last_published() : std::nullopt;
    if (published && *published >= end->proven) tip = std::min(tip, *published);
    // No writer has begun to serve meanwhile, so what was found is not on its way into the log or out of it.
    if (auto ok = follower_.attach(); !ok) return ok;
    page = follower_.page();
    if ((page ? page->incarnation() : 0) != incarnation) continue;
    follower_.ignore(*live ? 0 : incarnation);
    follower_.raise(tip);
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

Result<std::uint64_t> SegmentReader::first() const {
  return read_first(files_, dir_);
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
