// SPDX-License-Identifier: MIT
#include "log/segment_writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "log/footer.hpp"
#include "log/segment.hpp"

namespace aludel {

SegmentWriter::SegmentWriter(const Options& options, LogEnd end) : options_(options), end_(std::move(end)) {
  if (options_.allocate_ahead) ahead_ = std::make_unique<ZeroFill>(options_.files);
  mark_synced();
  if (!ahead_ || !end_.active) return;
  const auto size = end_.active->file->size();
  follow(size ? *size : end_.active->end);
}

SegmentWriter::~SegmentWriter() {
  // Nobody is left to be told of a failure; `Sync::normal` promises nothing about power loss anyway.
  if (end_.active && !broken_ && synced_offset_ < end_.active->end) (void)end_.active->file->sync_data();
}

std::uint64_t SegmentWriter::room() const {
  return end_.active ? end_.active->capacity - std::min(end_.active->capacity, end_.active->end) : 0;
}

bool SegmentWriter::is_empty() const {
  return end_.active && end_.active->first_id == end_.next_id;
}

Result<void> SegmentWriter::check() {
  if (!end_.active) return {};
  const auto& active = *end_.active;
  if (!written_file_ && active.file) {
    const auto opened = active.file->status();
    if (!opened) return opened.error();
    written_file_ = *opened;
  }
  const auto named = options_.files.status(active.path);
  if (!named && named.error().code != ErrorCode::not_found) return named.error();
  const char* fault = nullptr;
  if (!named) {
    fault = "it was removed or moved away";
  } else if (written_file_ && !named->same_file(*written_file_)) {
    fault = "another file has taken its place";
  } else if (named->size < active.end) {
    fault = "it was cut";
  }
  if (fault == nullptr) return {};
  return Error(
      ErrorCode::corrupt,
      fmt::format("append to {} at offset {}: {}: nothing was added, and nothing will be: end this process, "
                  "put the file back, then start again",
                  active.path.string(), active.end, fault));
}

Result<void> SegmentWriter::append(std::span<BlockWrite> blocks) {
  ALUDEL_ASSERT(end_.active && !broken_);
  auto& active = *end_.active;
  auto next_id = end_.next_id;
  auto chain = end_.chain;
  auto offset = active.end;
  const auto time_ns = std::max(end_.time_ns, options_.clock.wall_ns());
  std::vector<std::string_view> parts;
  for (auto& write : blocks) {
    write.offset = offset;
    write.block->place({end_.log_id, next_id, chain, time_ns, synced_id_, write.producer.last_id,
                        write.producer.last_offset});
    parts.push_back(write.block->bytes());
    next_id += write.block->count();
    chain = write.block->header().common.crc;
    offset += write.block->size();
  }
  ALUDEL_ASSERT(offset <= active.capacity);
  if (ahead_) ahead_->claim(offset);
  auto done = active.file->write_at(active.end, parts);
  if (done && options_.sync == Sync::full) done = active.file->sync_data();
  if (!done) {
    discard();
    return done;
  }
  for (const auto& write : blocks)
    active.index.add(write.block->header().common.first_id, write.offset);
  end_.next_id = next_id;
  end_.chain = chain;
  end_.time_ns = time_ns;
  active.end = offset;
  if (options_.sync == Sync::full) mark_synced();
  return {};
}

Result<void> SegmentWriter::seal(const Catalog& catalog) {
  ALUDEL_ASSERT(end_.active && !broken_ && !is_empty());
  const auto& active = *end_.active;
  if (ahead_) ahead_->leave();
  auto done =
      write_footer(encode_footer({end_.log_id, active.first_id, end_.next_id, end_.time_ns, end_.chain},
                                 active.end, active.index, catalog));
  if (!done) {
    discard();
    return done;
  }
  end_.active.reset();
  mark_synced();
  return {};
}

Result<void> SegmentWriter::write_footer(const std::string& footer) {
  auto& active = *end_.active;
  // A footer says that all before it is durable.
  if (synced_offset_ < active.end) {
    if (auto ok = active.file->sync_data(); !ok) return ok;
  }
  if (auto ok = active.file->write_at(active.end, std::array<std::string_view, 1>{footer}); !ok) return ok;
  if (auto ok = active.file->truncate(active.end + footer.size()); !ok) return ok;
  return active.file->sync_data();
}

Result<void> SegmentWriter::begin_segment() {
  ALUDEL_ASSERT(!end_.active);
  const auto header =
      make_segment_header(end_.log_id, end_.next_id, end_.chain, options_.clock.wall_ns(), options_.capacity);
  auto file = create_segment(options_.files, options_.dir, header);
  if (!file) return file.error();
  end_.active.emplace(ActiveSegment{options_.dir / segment_name(end_.next_id),
                                    end_.next_id,
                                    options_.capacity,
                                    std::move(*file),
                                    sizeof header,
                                    {}});
  written_file_.reset();
  mark_synced();
  follow(sizeof header);
  return {};
}

void SegmentWriter::mark_synced() {
  synced_id_ = end_.next_id;
  synced_offset_ = end_.active ? end_.active->end : 0;
}

void SegmentWriter::follow(std::uint64_t filled) {
  if (ahead_) ahead_->follow(end_.active->path, end_.active->end, filled, end_.active->capacity);
}

void SegmentWriter::discard() {
  broken_ = true;
  end_.active->file.reset();
  (void)repair();  // else the next append tries again, and tells of it
}

Result<void> SegmentWriter::repair() {
  if (!broken_) return {};
  auto& active = *end_.active;
  if (ahead_) ahead_->leave();
  auto file = options_.files.open(active.path, os::OpenMode::read_write);
  if (!file) return file.error();
  if (auto ok = (*file)->truncate(active.end); !ok) return ok;
  if (auto ok = rewrite_in_place(**file, synced_offset_, active.end); !ok) return ok;
  active.file = std::move(*file);
  broken_ = false;
  mark_synced();
  follow(active.end);
  return {};
}

}  // namespace aludel
