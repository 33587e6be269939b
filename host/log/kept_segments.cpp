// SPDX-License-Identifier: MIT
#include "log/kept_segments.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "log/segment.hpp"

namespace aludel {

namespace {

std::filesystem::path mark_path(const std::filesystem::path& dir) {
  return dir / "first";
}

}  // namespace

Result<void> write_first_mark(os::FileSystem& files, const std::filesystem::path& dir,
                              const FirstMark& mark) {
  format::FirstMark bytes{};
  bytes.magic = format::FirstMark::magic_bytes;
  bytes.version = format::version;
  bytes.log_id = mark.log_id;
  bytes.first_id = mark.first_id;
  bytes.crc = format::crc_of(bytes);
  const auto path = mark_path(dir);
  if (auto gone = files.remove(unfinished(path)); !gone && gone.error().code != ErrorCode::not_found) {
    return gone;
  }
  const auto file = files.open(unfinished(path), os::OpenMode::create_new);
  if (!file) return file.error();
  if (auto ok = (*file)->write_at(0, std::array{format::bytes_of(bytes)}); !ok) return ok;
  if (auto ok = (*file)->sync_data(); !ok) return ok;
  if (auto ok = files.rename(unfinished(path), path); !ok) return ok;
  return files.sync_directory(dir);
}

Result<std::optional<FirstMark>> read_first_mark(os::FileSystem& files, const std::filesystem::path& dir) {
  const auto path = mark_path(dir);
  const auto file = files.open(path, os::OpenMode::read);
  if (!file) {
    if (file.error().code == ErrorCode::not_found) return std::optional<FirstMark>();
    return file.error();
  }
  format::FirstMark mark{};
  const auto size = (*file)->size();
  if (!size) return size.error();
  const auto got = (*file)->read_at(0, std::as_writable_bytes(std::span(&mark, 1)));
  if (!got) return got.error();
  if (*got < sizeof mark || *size != sizeof mark || mark.magic != format::FirstMark::magic_bytes ||
      mark.crc != format::crc_of(mark)) {
    return corrupt(path, 0, "it does not tell where the log begins");
  }
  if (mark.version != format::version) return unknown_version(path, mark.version);
  return std::optional(FirstMark{mark.log_id, mark.first_id});
}

Result<std::uint64_t> read_first(os::FileSystem& files, const std::filesystem::path& dir) {
  const auto mark = read_first_mark(files, dir);
  if (!mark) return mark.error();
  return *mark ? (*mark)->first_id : 0;
}

// While `first` stays, no segment that is kept goes.
Result<KeptSegments> kept_segments(os::FileSystem& files, const std::filesystem::path& dir) {
  KeptSegments kept;
  auto mark = read_first_mark(files, dir);
  if (!mark) return mark.error();
  for (;;) {
    kept.mark = *mark;
    auto first_ids = list_segments(files, dir);
    if (!first_ids) return first_ids.error();
    kept.first_ids = std::move(*first_ids);
    mark = read_first_mark(files, dir);
    if (!mark) return mark.error();
    if ((*mark ? (*mark)->first_id : 0) == kept.first()) break;
  }
  std::erase_if(kept.first_ids, [&](std::uint64_t id) { return id < kept.first(); });
  return kept;
}

bool dropped_since(os::FileSystem& files, const std::filesystem::path& dir, const KeptSegments& kept) {
  const auto now = read_first(files, dir);
  return now && *now > kept.first();
}

Result<void> require_first_segment(os::FileSystem& files, const std::filesystem::path& dir,
                                   const KeptSegments& kept) {
  const auto path = dir / segment_name(kept.first());
  if (kept.first_ids.empty()) return corrupt(path, 0, "the segment is missing, as are all others");
  if (kept.first_ids.front() != kept.first()) {
    return corrupt(path, 0,
                   fmt::format("the segment is missing, though later ones, from event {} on, are there",
                               kept.first_ids.front()));
  }
  if (!kept.mark) return {};
  const auto file = files.open(path, os::OpenMode::read);
  if (!file && dropped_since(files, dir, kept)) return {};  // the log begins where it should
  if (!file) return file.error();
  const auto header = read_segment_header(**file, path);
  // One that is damaged is found out by whoever reads it.
  if (!header || header->log_id == kept.mark->log_id) return {};
  return corrupt(mark_path(dir), 0, "it belongs to another log");
}

Result<std::size_t> drop_segments_below(os::FileSystem& files, const std::filesystem::path& dir,
                                        const FirstMark& mark) {
  const auto first_ids = list_segments(files, dir);
  if (!first_ids) return first_ids.error();
  const auto kept = std::lower_bound(first_ids->begin(), first_ids->end(), mark.first_id);
  if (kept == first_ids->begin()) return std::size_t{0};
  ALUDEL_ASSERT(kept != first_ids->end() && *kept == mark.first_id);
  // Also if it says so already: whoever wrote it may have been killed before it was durable.
  if (auto ok = write_first_mark(files, dir, mark); !ok) return ok.error();
  for (auto id = first_ids->begin(); id != kept; ++id) {
    if (auto ok = files.remove(dir / segment_name(*id)); !ok) return ok.error();
  }
  return static_cast<std::size_t>(kept - first_ids->begin());
}

Error dropped(const std::filesystem::path& dir, std::uint64_t id, std::uint64_t first) {
  return {ErrorCode::not_found,
          fmt::format("read event {} of {}: it was dropped: the log begins with event {}", id, dir.string(),
                      first)};
}

}  // namespace aludel
