// SPDX-License-Identifier: MIT
#include "log/verify.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/lock.hpp"
#include "log/block_check.hpp"
#include "log/block_search.hpp"
#include "log/footer.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/segment_reader.hpp"
#include "log/tip_page.hpp"

namespace aludel {

namespace {

constexpr std::size_t faults_max = 1'000;
constexpr std::uint64_t progress_step = 8 * limits::MiB;

class Verifier {
 public:
  Verifier(os::FileSystem& files, const std::filesystem::path& dir, std::span<const KnownMark> marks,
           const VerifyProgress& progress)
      : files_(files), dir_(dir), progress_(progress), marks_(marks) {}

  Result<VerifyReport> run() {
    auto first_ids = list_segments(files_, dir_);
    if (!first_ids && first_ids.error().code == ErrorCode::not_found) return no_log();
    if (!first_ids) return first_ids.error();
    // Before the walk: what is published meanwhile, the walk may have passed by.
    const auto published = last_published(*first_ids);
    if (!published) return published.error();
    published_ = *published;
    first_ids = segments_to_tip();
    if (!first_ids) return first_ids.error();
    if (first_ids->empty()) return report_.faults.empty() ? no_log() : Result<VerifyReport>(report_);
    next_id_ = first_ids->front();
    counted_ = next_id_ == 0;
    if (auto ok = measure(*first_ids); !ok) return ok.error();
    for (const auto first_id : *first_ids) {
      last_ = first_id == first_ids->back();
      verify_segment(first_id);
    }
    check_end();
    report_.producers = std::move(catalog_.producers);
    return std::move(report_);
  }

  /// Whether somebody has appended since `run` began.
  Result<bool> has_grown() {
    const auto first_ids = list_segments(files_, dir_);
    if (!first_ids) return first_ids.error();
    const auto published = last_published(*first_ids);
    if (!published) return published.error();
    return *published != published_;
  }

 private:
  [[nodiscard]] Error no_log() const {
    return {ErrorCode::not_found,
            "verify the log " + dir_.string() +
                ": there is none: append an event first, or name another folder by --data"};
  }

  Result<std::vector<std::uint64_t>> segments_to_tip() {
    for (std::optional<std::uint64_t> dropped_below;;) {
      if (auto ok = find_limit(); !ok) return ok.error();
      auto first_ids = segments();
      if (!first_ids || first_ids->empty() || !tip_) return first_ids;
      const auto begin = first_ids->front();
      std::erase_if(*first_ids, [&](std::uint64_t id) { return id > 0 && id >= *tip_; });
      if (!first_ids->empty() || !report_.faults.empty()) return first_ids;
      // All up to that tip was dropped meanwhile, and the one that is told next lies behind that.
      if (dropped_below && *tip_ <= *dropped_below) {
        path_ = dir_ / "tip";
        fault(0, fmt::format("it ends the log before event {}, though the log begins with event {}", *tip_,
                             begin));
        return first_ids;
      }
      dropped_below = begin;
    }
  }

  // The log's; where it is not known where that begins, all.
  Result<std::vector<std::uint64_t>> segments() {
    auto kept = kept_segments(files_, dir_);
    if (!kept) {
      if (kept.error().code != ErrorCode::corrupt) return kept.error();
      path_ = dir_ / "first";
      fault(0, "it does not tell where the log begins");
      return list_segments(files_, dir_);
    }
    if (kept->first_ids.empty() && !kept->mark) return kept->first_ids;
    const auto begun = require_first_segment(files_, dir_, *kept);
    if (!begun && begun.error().code != ErrorCode::corrupt) return begun.error();
    if (!begun) {
      const bool begins = !kept->first_ids.empty() && kept->first_ids.front() == kept->first();
      path_ = dir_ / (begins ? "first" : segment_name(kept->first()));
      fault(0, begins ? "it belongs to another log" : "the log's first segment is missing");
    }
    return std::move(kept->first_ids);
  }

  // Behind the tip of a log that is being written anything may stand.
  Result<void> find_limit() {
    const auto live = os::FileLock::held(dir_ / "lock");
    if (!live) return live.error();
    tip_.reset();
    if (!*live) return {};
    const auto reader = SegmentReader::open(files_, dir_);
    if (!reader) return reader.error();
    tip_ = (*reader)->tip();
    return {};
  }

  // By the last writer of this boot, if the page says so for certain.
  Result<std::optional<std::uint64_t>> last_published(const std::vector<std::uint64_t>& first_ids) {
    const auto boot_id = os::boot_id();
    if (!boot_id) return boot_id.error();
    for (const auto first_id : first_ids) {
      const auto path = dir_ / segment_name(first_id);
      const auto file = files_.open(path, os::OpenMode::read);
      if (!file && file.error().code == ErrorCode::not_found) continue;  // dropped meanwhile
      if (!file) return file.error();
      const auto header = read_segment_header(**file, path);
      if (!header) continue;
      const auto page = TipView::open(dir_ / "tip", header->log_id, *boot_id);
      if (page) return page->last_published();
      if (page.error().code != ErrorCode::not_found) return page.error();
      break;
    }
    return std::optional<std::uint64_t>();
  }

  // Events below are proven.
  [[nodiscard]] std::uint64_t durable_floor() const {
    const auto* mark = log_id_ ? highest_durable_mark(marks_, *log_id_) : nullptr;
    return std::max(mark == nullptr ? 0 : mark->next, tip_.value_or(0));
  }

  // What was published in this boot was acknowledged, as was what others know for certain. A log may end
  // cleanly before that: its file was cut, or the next one is gone.
  void check_end() {
    if (!report_.faults.empty() || is_dropped(next_id_)) return;
    const auto* mark = log_id_ ? contradicting_mark(marks_, *log_id_, next_id_, sealed_) : nullptr;
    const auto published = std::max(published_.value_or(0), tip_.value_or(0));
    const auto known = std::max(mark == nullptr ? 0 : mark->next, published);
    if (known <= next_id_) return;
    report_.torn_tail.reset();
    fault(offset_, fmt::format("the log ends before event {}, but {} knows its events to below {}", next_id_,
                               published == known ? "its tip page" : mark->known_to, known));
  }

  Result<void> measure(const std::vector<std::uint64_t>& first_ids) {
    for (const auto first_id : first_ids) {
      const auto file = files_.status(dir_ / segment_name(first_id));
      if (!file && file.error().code == ErrorCode::not_found) continue;  // dropped meanwhile
      if (!file) return file.error();
      total_ += file->size;
    }
    return {};
  }

  void verify_segment(std::uint64_t first_id) {
    path_ = dir_ / segment_name(first_id);
    offset_ = 0;
    const auto start = report_.bytes;
    const auto walked = walk(first_id);
    if (!walked && walked.error().code == ErrorCode::not_found && is_dropped(first_id)) {
      return lose_track(first_id);
    }
    ++report_.segments;
    if (!walked) {
      fault(offset_, walked.error().message, walked.error().code);
      lose_track(first_id);
    }
    report_.bytes = std::max(report_.bytes, start);
    progress_(last_ ? total_ : report_.bytes, total_);
  }

  // Since the segments were listed.
  [[nodiscard]] bool is_dropped(std::uint64_t first_id) const {
    const auto first = read_first(files_, dir_);
    return first && first_id < *first;
  }

  Result<void> walk(std::uint64_t first_id) {
    auto file = files_.open(path_, os::OpenMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    FileWindow window(**file);
    segment_first_ = first_id;
    segment_bytes_ = report_.bytes;
    if (auto ok = check_segment_header(**file); !ok) return ok;
    offset_ = sizeof(format::SegmentHeader);
    index_ = {};
    indexed_ = true;
    for (bool more = true; more;) {
      auto stepped = step(window, *size);
      if (!stepped) return stepped.error();
      more = *stepped;
      // What is allocated ahead, behind the last block of the log, is no part of it.
      note_progress(more || last_ ? offset_ : *size);
    }
    return {};
  }

  Result<void> check_segment_header(os::File& file) {
    const auto header = read_segment_header(file, path_);
    if (!header) {
      if (header.error().code != ErrorCode::corrupt) return header.error();
      fault(0, "the segment's header is damaged");
      capacity_ = limits::segment_max;
      lose_track(segment_first_);
      return {};
    }
    capacity_ = header->capacity;
    if (log_id_ && header->log_id != *log_id_) fault(0, "the segment belongs to another log");
    if (!log_id_) log_id_ = header->log_id;
    if (header->first_id != segment_first_) fault(0, "the segment's header and its name differ");
    if (chain_ && header->first_id != next_id_) {
      fault(0, fmt::format("the segment before, from event {} on, is missing", next_id_));
      lose_track(segment_first_);
    }
    if (chain_ && header->previous_crc != *chain_) fault(0, "the segment does not follow the one before it");
    next_id_ = segment_first_;
    chain_ = header->previous_crc;
    return {};
  }

  // Looks at what stands at `offset_`; false when that was the last of the segment.
  Result<bool> step(FileWindow& window, std::uint64_t file_size) {
    if (tip_ && next_id_ >= *tip_ && last_) return false;
    auto bytes = window.at(offset_, sizeof(format::BlockHeader));
    if (!bytes) return bytes.error();
    if (bytes->find_first_not_of('\0') == std::string_view::npos) return end_at_zeros(window);
    if (bytes->size() < sizeof(format::BlockHeader))
      return end_at_fault(window, "the file ends inside a block");
    const auto header = format::load<format::BlockHeader>(bytes->data());
    if (is_intact(header)) {
      if (header.common.version != format::version) return unknown_version(path_, header.common.version);
      if (header.common.magic == format::footer_magic) return end_at_footer(window, file_size);
    }
    const auto room = capacity_ - std::min(capacity_, offset_);
    const Expected expected{log_id_.value_or(header.common.log_id), next_id_, chain_};
    if (const auto wrong = header_fault(header, expected, room)) return end_at_fault(window, *wrong);
    bytes = window.at(offset_, format::block_size(header));
    if (!bytes) return bytes.error();
    auto wrong = bytes->size() < format::block_size(header) ? Fault("the file ends inside a block")
                                                            : directory_fault(bytes->data());
    if (!wrong) wrong = body_fault(bytes->data());
    if (wrong) return end_at_fault(window, *wrong);
    check_contents(Block(bytes->data()));
    catalog_.add(Block(bytes->data()), offset_);
    index_.add(header.common.first_id, offset_);
    report_.events += header.count;
    advance_behind(header);
    return true;
  }

  // What checksums do not tell: whether a faulty writer has put together what does not fit.
  void check_contents(const Block& block) {
    std::uint64_t events = 0;
    for (const auto type : block.types())
      events += type.count;
    if (events != block.count()) fault(offset_, "the block's types do not count its events");
    if (block.producer().empty()) return;
    const auto before = catalog_.producers.find(block.producer());
    const bool known = before != catalog_.producers.end();
    if (!known && !counted_) return;
    const auto& header = block.header();
    const ProducerEnd link{header.producer_sequence, header.producer_previous_id,
                           header.producer_previous_offset};
    if (link == (known ? before->second : ProducerEnd{})) return;
    fault(offset_,
          fmt::format("the block does not follow the one before of its producer \"{}\"", block.producer()));
  }

  void advance_behind(const format::BlockHeader& header) {
    offset_ += format::block_size(header);
    next_id_ = header.common.first_id + header.count;
    chain_ = header.common.crc;
  }

  Result<bool> end_at_zeros(FileWindow& window) {
    const auto end = window.end_of_data(offset_);
    if (!end) return end.error();
    if (*end > offset_) return end_at_fault(window, "bytes stand behind the last block");
    if (!last_) fault(offset_, "a segment follows, but this one has no footer");
    return false;
  }

  Result<bool> end_at_footer(FileWindow& window, std::uint64_t file_size) {
    auto footer = read_footer_at(window, path_, offset_);
    if (!footer && footer.error().code != ErrorCode::corrupt) return footer.error();
    if (!footer) return end_at_fault(window, "the footer or the trailer is damaged");
    if (chain_ && footer->header.common.previous_crc != *chain_)
      fault(offset_, "the footer does not follow the last block");
    if (footer->header.end_id != next_id_ || footer->header.common.first_id != segment_first_) {
      fault(offset_, "the footer's event ids are not the segment's");
    }
    if (indexed_ && footer->index.entries() != index_.entries())
      fault(offset_, "the footer's index does not agree with the blocks");
    if (counted_ && footer->catalog != catalog_)
      fault(offset_, "the footer's tables do not agree with the blocks");
    // Behind a fault, or where the log's beginning was dropped, nothing else tells what was before.
    if (!counted_) catalog_ = std::move(footer->catalog);
    counted_ = true;
    const auto end = offset_ + footer_size(footer->header);
    sealed_ = last_;
    if (!last_ && file_size != end) fault(end, "bytes stand behind the trailer");
    return false;
  }

  // Either the end of what was finished, or a fault behind which the walk goes on if it can.
  Result<bool> end_at_fault(FileWindow& window, const std::string& what) {
    const auto found =
        log_id_ ? find_header_after(window, offset_ + format::alignment, *log_id_) : std::nullopt;
    if (!found) return found.error();
    if (last_) {
      const auto synced =
          log_id_ ? find_synced_after(window, offset_ + format::alignment, *log_id_) : std::nullopt;
      if (!synced) return synced.error();
      if (std::max(synced->value_or(0), durable_floor()) <= next_id_) {
        report_.torn_tail = VerifyFault{path_, offset_, what};
        return false;
      }
    }
    fault(offset_, what);
    if (!found->has_value()) {
      lose_track(next_id_);
      return false;
    }
    lose_track((*found)->header.common.first_id);
    if ((*found)->header.common.magic == format::footer_magic) {
      lose_track(format::load<format::FooterHeader>(format::bytes_of((*found)->header).data()).end_id);
    }
    offset_ = (*found)->offset;
    return true;
  }

  void lose_track(std::uint64_t next_id) {
    next_id_ = next_id;
    chain_.reset();
    counted_ = false;
    indexed_ = false;
    catalog_ = {};
  }

  void fault(std::uint64_t offset, std::string what, ErrorCode code = ErrorCode::corrupt) {
    if (report_.faults.size() < faults_max) report_.faults.push_back({path_, offset, std::move(what), code});
  }

  void note_progress(std::uint64_t offset) {
    const auto before = report_.bytes;
    report_.bytes = segment_bytes_ + offset;
    if (report_.bytes / progress_step > before / progress_step) progress_(report_.bytes, total_);
  }

  os::FileSystem& files_;
  const std::filesystem::path& dir_;
  const VerifyProgress& progress_;
  VerifyReport report_;
  const std::span<const KnownMark> marks_;
  std::optional<std::uint64_t> tip_;  // of a log that is being written
  std::optional<std::uint64_t> published_;
  std::uint64_t total_ = 0;

  // The walk over the log
  std::optional<Uuid> log_id_;
  std::uint64_t next_id_ = 0;
  std::optional<std::uint32_t> chain_;  // unknown behind a fault
  Catalog catalog_;
  bool sealed_ = false;   // it ends with a footer
  bool counted_ = false;  // the catalog is that of all events so far, else of some

  // The walk over a segment
  std::filesystem::path path_;
  bool last_ = false;
  std::uint64_t segment_first_ = 0;
  std::uint64_t segment_bytes_ = 0;  // looked at before it
  std::uint64_t capacity_ = 0;
  std::uint64_t offset_ = 0;
  SparseIndex index_;
  bool indexed_ = false;  // the index is that of all blocks so far
};

}  // namespace

Result<VerifyReport> verify_log(os::FileSystem& files, const std::filesystem::path& dir,
                                std::span<const KnownMark> marks, const VerifyProgress& progress) {
  constexpr int walks_max = 3;
  for (int walk = 1;; ++walk) {
    Verifier verifier(files, dir, marks, progress);
    auto report = verifier.run();
    if (!report || walk == walks_max || (report->faults.empty() && !report->torn_tail)) return report;
    // What looked bad may have been an append half-way.
    const auto grown = verifier.has_grown();
    if (!grown) return grown.error();
    if (!*grown) return report;
  }
}

}  // namespace aludel
