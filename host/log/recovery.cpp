// SPDX-License-Identifier: MIT
#include "log/recovery.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/segment_scan.hpp"

namespace aludel {

namespace {

constexpr std::size_t copy_step = 1 * limits::MiB;

Result<void> write_one(os::File& file, std::uint64_t offset, std::string_view bytes) {
  return file.write_at(offset, std::array{bytes});
}

class Recovery {
 public:
  Recovery(os::FileSystem& files, const std::filesystem::path& dir, std::span<const KnownMark> marks,
           const ReportSink& report)
      : files_(files), dir_(dir), marks_(marks), report_(report) {}

  Result<RecoveredLog> run() {
    if (auto ok = remove_unfinished(); !ok) return ok.error();
    const auto kept = kept_segments(files_, dir_);
    if (!kept) return kept.error();
    if (auto ok = require_first_segment(files_, dir_, *kept); !ok) return ok.error();
    const auto& first_ids = kept->first_ids;
    const auto last = first_ids.back();
    if (first_ids.size() > 1) {
      if (auto ok = take_sealed(first_ids[first_ids.size() - 2], last); !ok) return ok.error();
    }
    if (auto ok = open_last(last, first_ids.size() > 1); !ok) return ok.error();
    if (auto ok = require_known(); !ok) return ok.error();
    if (auto ok = finish_drop(*kept); !ok) return ok.error();
    // A name that a writer left behind may not have become durable.
    if (auto ok = files_.sync_directory(dir_); !ok) return ok.error();
    report_lost();
    return std::move(log_);
  }

 private:
  Result<void> remove_unfinished() {
    const auto names = files_.list(dir_);
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (!is_unfinished(name)) continue;
      if (auto ok = files_.remove(dir_ / name); !ok) return ok;
    }
    return {};
  }

  // What a drop that was interrupted has left.
  Result<void> finish_drop(const KeptSegments& kept) {
    if (!kept.mark) return {};
    const auto finished = drop_segments_below(files_, dir_, *kept.mark);
    if (!finished) return finished.error();
    if (*finished > 0) {
      report_(fmt::format("{}: removed what was dropped before event {}, as its removal was interrupted",
                          dir_.string(), kept.first()));
    }
    return {};
  }

  // Events below were durable.
  [[nodiscard]] std::uint64_t known_floor() const {
    const auto* mark = highest_durable_mark(marks_, log_.end.log_id);
    return mark == nullptr ? 0 : mark->next;
  }

  // A log may end cleanly and yet too early: its file was cut, or zeroed, or the next one is gone.
  [[nodiscard]] Result<void> require_known() const {
    const auto& end = log_.end;
    const auto* mark = contradicting_mark(marks_, end.log_id, end.next_id, !end.active);
    if (mark == nullptr) return {};
    const auto path = end.active ? end.active->path : dir_ / segment_name(end.next_id);
    return Error(ErrorCode::corrupt,
                 fmt::format("read {} at offset {}: the log ends before event {}, but {} knows its events to "
                             "below {}: put back what is missing of its files, or restore a backup; if there "
                             "is none, or it is {} that is wrong, reset it (`aludel processor reset`), or "
                             "remove {}, to go on without them",
                             path.string(), end.active ? end.active->end : 0, end.next_id, mark->known_to,
                             mark->next, mark->known_to, mark->witness.string()));
  }

  void report_lost() const {
    for (const auto& mark : marks_) {
      if (mark.log_id != log_.end.log_id || mark.next <= log_.end.next_id) continue;
      report_(
          fmt::format("{}: the log ends before event {}, but {} knows its events to below {}: they were "
                      "acknowledged without a sync (sync = \"normal\") and the machine's end took them; "
                      "their ids are given to others",
                      dir_.string(), log_.end.next_id, mark.known_to, mark.next));
    }
  }

  // The last segment but one, which must be sealed.
  Result<void> take_sealed(std::uint64_t first_id, std::uint64_t next_id) {
    const auto path = dir_ / segment_name(first_id);
    const auto file = files_.open(path, os::OpenMode::read);
    if (!file) return file.error();
    auto footer = find_footer(**file, path);
    if (!footer) return footer.error();
    if (!footer->has_value()) {
      const auto size = (*file)->size();
      return size ? corrupt(path, *size, "a segment follows, but this one has no intact footer")
                  : size.error();
    }
    const auto end_id = (*footer)->header.end_id;
    if (end_id < next_id) {
      return corrupt(
          dir_ / segment_name(end_id), 0,
          fmt::format("the segment is missing, though a later one, from event {} on, is there", next_id));
    }
    if (end_id > next_id)
      return corrupt(path, (*footer)->offset, "the segment ends behind the beginning of the next one");
    take_footer(std::move(**footer));
    return {};
  }

  void take_footer(Footer footer) {
    log_.end.log_id = footer.header.common.log_id;
    log_.end.next_id = footer.header.end_id;
    log_.end.chain = footer.header.common.previous_crc;
    log_.end.time_ns = footer.header.common.time_ns;
    log_.catalog = std::move(footer.catalog);
  }

  Result<void> open_last(std::uint64_t first_id, bool has_previous) {
    const auto path = dir_ / segment_name(first_id);
    auto file = files_.open(path, os::OpenMode::read_write);
    if (!file) return file.error();
    // It had its header, durably, before it had its name.
    const auto header = read_segment_header(**file, path);
    if (!header) return header.error();
    if (header->first_id != first_id ||
        (has_previous && (header->log_id != log_.end.log_id || header->previous_crc != log_.end.chain))) {
      return corrupt(path, 0, "the segment does not follow the one before it");
    }
    log_.end.log_id = header->log_id;
    auto footer = find_footer(**file, path);
    if (!footer) return footer.error();
    if (footer->has_value()) return finish_seal(**file, std::move(**footer));
    return take_active(path, std::move(*file), *header);
  }

  // Syncs a seal that nothing proves to be durable yet, and cuts the file to size.
  Result<void> finish_seal(os::File& file, Footer footer) {
    const auto end = footer.offset + footer_size(footer.header);
    if (auto ok = file.truncate(end); !ok) return ok;
    if (auto ok = rewrite_in_place(file, footer.offset, end); !ok) return ok;
    take_footer(std::move(footer));
    return {};
  }

  Result<void> take_active(const std::filesystem::path& path, std::unique_ptr<os::File> file,
                           const format::SegmentHeader& header) {
    auto scan = scan_segment(*file, path, header, known_floor(), log_.catalog);
    if (!scan) return with_way_out(*file, path, header, scan.error());
    if (scan->footer) return finish_seal(*file, std::move(*scan->footer));
    log_.catalog = std::move(scan->catalog);
    log_.end.next_id = scan->next_id;
    log_.end.chain = scan->chain;
    log_.end.time_ns = std::max(log_.end.time_ns, scan->time_ns);
    if (scan->torn) {
      if (auto ok = save_aside(*file, path, scan->end); !ok) return ok;
      if (auto ok = file->truncate(scan->end); !ok) return ok;
    }
    if (scan->torn || scan->unproven_offset < scan->end) {
      if (auto ok = rewrite_in_place(*file, scan->unproven_offset, scan->end); !ok) return ok;
    }
    log_.end.active.emplace(ActiveSegment{path, header.first_id, header.capacity, std::move(file), scan->end,
                                          std::move(scan->index)});
    return {};
  }

  // Where nothing in the log itself says that what is bad was acknowledged, it can be given up.
  [[nodiscard]] Error with_way_out(os::File& file, const std::filesystem::path& path,
                                   const format::SegmentHeader& header, const Error& error) const {
    if (error.code != ErrorCode::corrupt || known_floor() == 0) return error;
    if (!scan_segment(file, path, header, 0, {})) return error;
    return {ErrorCode::corrupt, error.message + ", or remove " +
                                    highest_durable_mark(marks_, log_.end.log_id)->witness.string() +
                                    " to go on without what is bad"};
  }

  // Copies what stands from `offset` on into a file of its own.
  Result<void> save_aside(os::File& file, const std::filesystem::path& path, std::uint64_t offset) {
    FileWindow window(file);
    const auto end = window.end_of_data(offset);
    if (!end) return end.error();
    auto saved = copy_aside(window, path, offset, *end);
    if (saved || saved.error().code != ErrorCode::disk_full) return saved;
    return Error(
        ErrorCode::disk_full,
        fmt::format("{}: what was cut short at the end of {} is saved there before it is cut off: free {} "
                    "bytes, then start again",
                    saved.error().message, path.string(), *end - offset));
  }

  Result<void> copy_aside(FileWindow& window, const std::filesystem::path& path, std::uint64_t offset,
                          std::uint64_t end) {
    const auto target = free_name();
    if (!target) return target.error();
    const auto copy = files_.open(unfinished(*target), os::OpenMode::create_new);
    if (!copy) return copy.error();
    for (auto at = offset; at < end; at += copy_step) {
      const auto bytes = window.at(at, std::min<std::size_t>(copy_step, end - at));
      if (!bytes) return bytes.error();
      if (auto ok = write_one(**copy, at - offset, *bytes); !ok) return ok;
    }
    if (auto ok = (*copy)->sync_data(); !ok) return ok;
    if (auto ok = files_.rename(unfinished(*target), *target); !ok) return ok;
    if (auto ok = files_.sync_directory(dir_); !ok) return ok;
    report_(
        fmt::format("{}: the last block is cut short or damaged: cut {} bytes at offset {} (event {} on), "
                    "saved in {}",
                    path.string(), end - offset, offset, log_.end.next_id, target->string()));
    return {};
  }

  Result<std::filesystem::path> free_name() {
    const auto names = files_.list(dir_);
    if (!names) return names.error();
    for (int number = 1;; ++number) {
      auto name = fmt::format("torn-{}", number);
      if (!std::binary_search(names->begin(), names->end(), name)) return dir_ / name;
    }
  }

  os::FileSystem& files_;
  const std::filesystem::path& dir_;
  const std::span<const KnownMark> marks_;
  const ReportSink& report_;
  RecoveredLog log_;
};

}  // namespace

Result<RecoveredLog> recover_log(os::FileSystem& files, const std::filesystem::path& dir,
                                 std::span<const KnownMark> marks, const ReportSink& report) {
  return Recovery(files, dir, marks, report).run();
}

Result<void> create_log(os::FileSystem& files, const std::filesystem::path& dir, std::int64_t now_ns,
                        std::uint64_t capacity) {
  const auto made = create_segment(files, dir, make_segment_header(Uuid::random(), 0, 0, now_ns, capacity));
  if (!made) return made.error();
  return {};
}

Result<std::unique_ptr<os::File>> create_segment(os::FileSystem& files, const std::filesystem::path& dir,
                                                 const format::SegmentHeader& header) {
  const auto path = dir / segment_name(header.first_id);
  if (auto gone = files.remove(unfinished(path)); !gone && gone.error().code != ErrorCode::not_found) {
    return gone.error();
  }
  auto file = files.open(unfinished(path), os::OpenMode::create_new);
  if (!file) return file.error();
  if (auto ok = write_one(**file, 0, format::bytes_of(header)); !ok) return ok.error();
  if (auto ok = (*file)->sync_data(); !ok) return ok.error();
  if (auto ok = files.rename(unfinished(path), path); !ok) return ok.error();
  if (auto ok = files.sync_directory(dir); !ok) return ok.error();
  return file;
}

Result<void> rewrite_in_place(os::File& file, std::uint64_t from, std::uint64_t to) {
  std::vector<char> buffer(std::min<std::uint64_t>(copy_step, to - from));
  for (auto at = from; at < to; at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(copy_step, to - at));
    const auto size = file.read_at(at, std::as_writable_bytes(std::span(buffer)));
    if (!size) return size.error();
    if (auto ok = write_one(file, at, {buffer.data(), *size}); !ok) return ok;
    if (*size < buffer.size()) break;
  }
  return file.sync_data();
}

}  // namespace aludel
