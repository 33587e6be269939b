// SPDX-License-Identifier: MIT
#include "log/log_copy.hpp"

#include <limits>
#include <string>
#include <utility>

#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/segment_reader.hpp"
#include "log/segment_store.hpp"

namespace aludel {

namespace {

Result<std::string> bytes_at(os::File& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const auto got = file.read_at(offset, std::as_writable_bytes(std::span(bytes)));
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

// The trailer holds the checksum of the footer, which holds that of the last block, which stands for all of
// the log before it. Whether the bytes between are still what was written is not asked here.
bool is_same_segment(os::FileSystem& files, const std::filesystem::path& one,
                     const std::filesystem::path& other, std::uint64_t size) {
  const auto first = files.open(one, os::OpenMode::read);
  const auto second = files.open(other, os::OpenMode::read);
  if (!first || !second) return false;
  const auto second_size = (*second)->size();
  if (!second_size || *second_size != size || size < sizeof(format::Trailer)) return false;
  for (const auto& [offset, length] : {std::pair{std::uint64_t{0}, sizeof(format::SegmentHeader)},
                                       std::pair{size - sizeof(format::Trailer), sizeof(format::Trailer)}}) {
    const auto bytes = bytes_at(**first, offset, length);
    const auto others = bytes_at(**second, offset, length);
    if (!bytes || !others || *bytes != *others) return false;
  }
  return true;
}

}  // namespace

Result<void> LogCopy::take_sealed() {
  return take_sealed_below(std::numeric_limits<std::uint64_t>::max());
}

// A segment is sealed if another one follows.
Result<void> LogCopy::take_sealed_below(std::uint64_t tip) {
  for (;;) {
    const auto kept = kept_segments(parts_.files, parts_.from);
    if (!kept) return kept.error();
    if (auto ok = require_first_segment(parts_.files, parts_.from, *kept); !ok) return ok;
    if (!begun_ || kept->first() > end_) {
      if (auto ok = begin_at(kept->first()); !ok) return ok;
    }
    Result<void> taken;
    const auto& ids = kept->first_ids;
    for (std::size_t i = 0; taken && i + 1 < ids.size() && ids[i + 1] <= tip; ++i) {
      if (ids[i] < end_) continue;
      taken = take(ids[i]);
      if (taken) end_ = ids[i + 1];
    }
    if (taken) return taken;
    if (taken.error().code != ErrorCode::not_found || !dropped_since(parts_.files, parts_.from, *kept))
      return taken;
  }
}

// What was taken before has no connection to what is left of the log.
Result<void> LogCopy::begin_at(std::uint64_t first) {
  for (const auto id : std::exchange(taken_, {})) {
    if (auto ok = remove(id); !ok) return ok;
  }
  stats_ = {};
  begun_ = true;
  first_ = first;
  end_ = first;
  return {};
}

Result<void> LogCopy::take(std::uint64_t first_id) {
  auto& files = parts_.files;
  const auto name = segment_name(first_id);
  const auto from = parts_.from / name;
  const auto to = parts_.to / name;
  const auto about = files.status(from);
  if (!about) return about.error();
  auto linked = files.link(from, to);
  if (!linked && linked.error().code == ErrorCode::not_found) return linked;
  if (!linked && !parts_.earlier.empty() &&
      is_same_segment(files, from, parts_.earlier / name, about->size)) {
    linked = files.link(parts_.earlier / name, to);
  }
  if (linked) {
    ++stats_.linked_segments;
    stats_.linked_bytes += about->size;
    parts_.done(about->size);
  } else {
    if (auto ok = copy_file(files, from, to, about->size, parts_.done); !ok) return ok;
    stats_.copied_bytes += about->size;
  }
  taken_.push_back(first_id);
  return {};
}

// Where it goes round again, the log has gone on meanwhile: over the end of its last segment, or so far that
// even that was dropped.
Result<void> LogCopy::finish(std::uint64_t tip) {
  const auto reader = SegmentReader::open(parts_.files, parts_.from);
  if (!reader) return reader.error();
  for (;;) {
    if (auto ok = remove_last(); !ok) return ok;
    if (auto ok = take_sealed_below(tip); !ok) return ok;
    if (first_ > tip) return {};
    SegmentStore store(parts_.files, parts_.from, (*reader)->log_id());
    const auto end = store.locate(tip, tip);
    const auto found = end ? end->segment->header().first_id : end_;
    if (found < end_) return corrupt(parts_.from / segment_name(end_), 0, "the segment is missing");
    if (found > end_) continue;
    auto taken = end ? take_last(found, end->position.offset) : Result<void>(end.error());
    if (!taken && taken.error().code == ErrorCode::not_found && is_dropped(end_)) continue;
    if (!taken) return taken;
    stats_.tip = tip;
    if (first_ > 0) return write_first_mark(parts_.files, parts_.to, {(*reader)->log_id(), first_});
    return parts_.files.sync_directory(parts_.to);
  }
}

bool LogCopy::is_dropped(std::uint64_t id) const {
  const auto first = read_first(parts_.files, parts_.from);
  return first && *first > id;
}

// What stands behind the tip is nothing yet.
Result<void> LogCopy::take_last(std::uint64_t first_id, std::uint64_t size) {
  const auto name = segment_name(first_id);
  last_ = Last{first_id, size};
  stats_.copied_bytes += size;
  return copy_file(parts_.files, parts_.from / name, parts_.to / name, size, parts_.done);
}

Result<void> LogCopy::remove_last() {
  if (!last_) return {};
  stats_.copied_bytes -= last_->size;
  return remove(std::exchange(last_, {})->first_id);
}

Result<void> LogCopy::remove(std::uint64_t first_id) {
  auto gone = parts_.files.remove(parts_.to / segment_name(first_id));
  if (!gone && gone.error().code == ErrorCode::not_found) return {};
  return gone;
}

}  // namespace aludel
