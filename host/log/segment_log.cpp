// SPDX-License-Identifier: MIT
#include "log/segment_log.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/byte_size.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/file_system_kind.hpp"
#include "log/kept_segments.hpp"

namespace aludel {

namespace {

constexpr std::size_t buffers_kept = 8;
constexpr std::size_t buffer_kept_max = 4 * limits::MiB;

// Of what an append will hold in memory until it is durable.
std::size_t estimate(std::span<const NewEvent> events) {
  std::size_t size = sizeof(format::BlockHeader);
  for (const auto& event : events) {
    size +=
        sizeof(format::EventRecord) + event.key.size() + event.attributes.packed().size() + event.data.size();
  }
  return std::min(size, limits::block_max);
}

ProducerEnd end_of(const Catalog& catalog, std::string_view producer) {
  const auto found = catalog.producers.find(producer);
  return found == catalog.producers.end() ? ProducerEnd{} : found->second;
}

// What the operating system said, and what to do about it.
Error advised(const Error& error) {
  switch (error.code) {
    case ErrorCode::disk_full:
      return {error.code, error.message + ": nothing was added: free some space, then append again"};
    case ErrorCode::io:
      return {
          error.code,
          error.message + ": nothing was added: look for the disk in the system's log, then append again"};
    default: return error;
  }
}

// Within a boot what was published is there, synced or in the page cache.
std::vector<KnownMark> with_published(const OpenOptions& options, const TipPublisher& publisher,
                                      const Uuid& boot_id) {
  auto marks = options.known;
  if (const auto last = publisher.last_published(boot_id)) {
    marks.push_back({"the tip page", options.dir / "tip", last->log_id, last->tip});
  }
  return marks;
}

// A page is served only once a segment is durable.
Error segments_gone(const std::filesystem::path& dir, const Uuid& log_id) {
  return {ErrorCode::corrupt,
          fmt::format(
              "open the log {}: the segments of log {} are gone: restore them from a backup, or remove {} "
              "to begin a new log",
              dir.string(), log_id.to_string(), (dir / "tip").string())};
}

// Which of a group's appends the log's limits on distinct names still allow.
class Admission {
 public:
  explicit Admission(const Catalog& catalog) : catalog_(catalog) {}

  std::optional<Error> admit(const Block& block) {
    std::set<std::string_view> types;
    for (const auto& [name, count] : block.types()) {
      if (!catalog_.types.contains(name) && !types_.contains(name)) types.insert(name);
    }
    if (catalog_.types.size() + types_.size() + types.size() > limits::log_types_max) {
      return Error(ErrorCode::limit,
                   fmt::format("append: the log would hold more than {} types: use fewer types",
                               limits::log_types_max));
    }
    const bool new_producer = !block.producer().empty() && !catalog_.producers.contains(block.producer());
    if (new_producer && catalog_.producers.size() + producers_ >= limits::log_producers_max) {
      return Error(ErrorCode::limit,
                   fmt::format("append: the log would hold more than {} producers: use one again",
                               limits::log_producers_max));
    }
    types_.merge(types);
    producers_ += new_producer ? 1 : 0;
    return std::nullopt;
  }

 private:
  const Catalog& catalog_;
  std::set<std::string_view> types_;  // new with this group
  std::size_t producers_ = 0;         // new with this group
};

}  // namespace

SegmentLog::SegmentLog(const OpenOptions& options, os::FileLock lock, TipPublisher publisher,
                       RecoveredLog recovered)
    : files_(options.files),
      dir_(options.dir),
      clock_(options.clock),
      min_free_(options.min_free),
      lock_(std::move(lock)),
      publisher_(std::move(publisher)),
      history_(options.files, options.dir, recovered.end.log_id),
      queue_(limits::log_queue_max,
             [this](std::span<PendingAppend* const> waiting) { return commit_group(waiting); }),
      catalog_(std::move(recovered.catalog)),
      writer_({options.files, options.dir, options.clock, options.sync, options.segment_size,
               options.allocate_ahead},
              std::move(recovered.end)),
      written_bytes_(writer_.written()) {}

SegmentLog::~SegmentLog() = default;

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(const OpenOptions& options) {
  auto& files = options.files;
  if (auto ok = files.create_directories(options.dir); !ok) return ok.error();
  if (auto ok = os::require_local_file_system(options.dir); !ok) return ok.error();
  auto lock = os::FileLock::acquire(options.dir / "lock");
  if (!lock) return lock.error();
  auto publisher = TipPublisher::open(options.dir / "tip");
  if (!publisher) return publisher.error();
  const auto boot_id = os::boot_id();
  if (!boot_id) return boot_id.error();
  const auto marks = with_published(options, *publisher, *boot_id);
  publisher->reset();
  // The folder may be one whose maker was killed before it had synced the entry.
  if (auto ok = files.sync_directory(options.dir / ".."); !ok) return ok.error();
  const auto kept = kept_segments(files, options.dir);
  if (!kept) return kept.error();
  if (kept->first_ids.empty() && !kept->mark) {
    if (const auto served = publisher->served()) return segments_gone(options.dir, *served);
    if (auto ok = create_log(files, options.dir, options.clock.wall_ns(), options.segment_size); !ok) {
      return ok.error();
    }
    options.report("made a new log in " + options.dir.string());
  }
  auto recovered = recover_log(files, options.dir, marks, options.report);
  if (!recovered) return recovered.error();
  publisher->serve(recovered->end.log_id, *boot_id, recovered->end.next_id);
  auto reader = SegmentReader::open(files, options.dir);
  if (!reader) return reader.error();
  std::unique_ptr<SegmentLog> log(
      new SegmentLog(options, std::move(*lock), std::move(*publisher), std::move(*recovered)));
  log->reader_ = std::move(*reader);
  return log;
}

Result<AppendResult> SegmentLog::append(const AppendRequest& request) {
  if (!request.producer.empty()) return append_as_producer(request);
  const auto first = commit({request.events});
  if (!first) return first.error();
  return AppendResult{*first, request.events.size(), 0};
}

Result<std::optional<std::string>> SegmentLog::last_source(std::string_view producer) {
  ProducerEnd end;
  {
    const std::lock_guard lock(catalog_mutex_);
    end = end_of(catalog_, producer);
  }
  if (end.next_sequence == 0) return std::optional<std::string>();
  auto source = history_.last_source(producer, end);
  if (!source) return source.error();
  return std::optional(std::move(*source));
}

Result<AppendResult> SegmentLog::append_as_producer(const AppendRequest& request) {
  const auto turn = turns_.take(request.producer);
  ProducerEnd end;
  {
    const std::lock_guard lock(catalog_mutex_);
    end = end_of(catalog_, request.producer);
  }
  if (request.sequence > end.next_sequence) {
    return Error(
        ErrorCode::conflict,
        fmt::format(
            "append under producer \"{}\" from its event {} on: the log has them up to below {}: send "
            "those in between first",
            request.producer, request.sequence, end.next_sequence));
  }
  const auto known = std::min<std::uint64_t>(request.events.size(), end.next_sequence - request.sequence);
  if (known > 0) {
    auto same = history_.compare(request.producer, end, request.events.first(known), request.sequence);
    if (!same) return same.error();
    if (known == request.events.size()) return AppendResult{0, 0, known};
  }
  const auto fresh = request.events.subspan(known);
  const auto first = commit({fresh, request.producer, request.sequence + known});
  if (!first) return first.error();
  return AppendResult{*first, fresh.size(), known};
}

Result<std::uint64_t> SegmentLog::commit(const BlockContent& content) {
  const auto memory = queue_.reserve(estimate(content.events));
  BlockBuffer buffer;
  {
    const std::lock_guard lock(buffers_mutex_);
    if (!buffers_.empty()) {
      buffer = std::move(buffers_.back());
      buffers_.pop_back();
    }
  }
  auto block = EncodedBlock::encode(content, std::move(buffer));
  if (!block) return block.error();
  PendingAppend append(std::move(*block));
  queue_.submit(append);
  const auto first_id = append.block.header().common.first_id;
  buffer = append.block.take_buffer();
  {
    const std::lock_guard lock(buffers_mutex_);
    if (buffers_.size() < buffers_kept && buffer.capacity <= buffer_kept_max)
      buffers_.push_back(std::move(buffer));
  }
  if (append.error) return *append.error;
  return first_id;
}

std::size_t SegmentLog::commit_group(std::span<PendingAppend* const> waiting) {
  Result<void> done = make_room(waiting.front()->block.size());
  // What goes into the segment, within the bounds of a group; if there is no room, the first learns why.
  const auto room = done ? std::min<std::uint64_t>(writer_.room(), limits::log_group_max) : 0;
  std::size_t count = 0;
  for (std::uint64_t bytes = 0; count < waiting.size(); ++count) {
    bytes += waiting[count]->block.size();
    if (count > 0 && bytes > room) break;
  }
  const auto group = waiting.first(count);
  if (done) done = write_group(group);
  if (!done) {
    for (auto* append : group) {
      if (!append->error) append->error = advised(done.error());
    }
  }
  return count;
}

// What is written into a file that nobody finds again must not be acknowledged. Once that was seen it is the
// end: a file that comes back may lack what is in the other one.
Result<void> SegmentLog::check_files() {
  if (closed_) return *closed_;
  auto checked = writer_.check();
  if (checked) checked = check_hold();
  if (!checked && checked.error().code == ErrorCode::corrupt) closed_ = checked.error();
  return checked;
}

// Without its lock another writer may be there, and without its tip page nobody sees what is published.
Result<void> SegmentLog::check_hold() const {
  const auto locked = lock_.is_at(dir_ / "lock");
  if (!locked) return locked.error();
  if (*locked && publisher_.whole()) return {};
  return Error(ErrorCode::corrupt,
               fmt::format("append to the log {}: its file {}: nothing was added, and nothing will be: end "
                           "this process and start it again",
                           dir_.string(),
                           *locked ? "tip was cut or changed" : "lock was removed, moved away or replaced"));
}

// Looked at before each group, which costs half a microsecond.
Result<void> SegmentLog::check_space() {
  if (min_free_ == 0) return {};
  const auto free = files_.free_space(dir_);
  // Where it cannot be told, the write finds out.
  if (!free || *free >= min_free_) return {};
  return Error(
      ErrorCode::disk_full,
      fmt::format("append to {}: its file system has {} MiB free, of which min_free in [log] keeps {}",
                  dir_.string(), *free / limits::MiB, format_byte_size(min_free_)));
}

Result<void> SegmentLog::make_room(std::size_t size) {
  if (auto ok = check_files(); !ok) return ok;
  if (auto ok = check_space(); !ok) return ok;
  if (auto ok = writer_.repair(); !ok) return ok;
  if (size <= writer_.room()) return {};
  // An empty segment may be smaller than new ones: it keeps the size that it was made with.
  const auto max = writer_.is_empty() ? writer_.room() : writer_.room_of_next();
  if (size > max) {
    return Error(ErrorCode::limit,
                 fmt::format("append: the batch takes {} bytes, a segment holds {}: split it", size, max));
  }
  const bool seals = writer_.has_segment();
  if (seals) {
    if (auto ok = writer_.seal(catalog_); !ok) return ok;
    // Before there is another one: who looks meanwhile may miss bytes, but counts none twice.
    written_bytes_.store(0);
  }
  if (auto ok = writer_.begin_segment(); !ok) return ok;
  written_bytes_.store(writer_.written());
  if (seals) sealed_.nudge();
  return {};
}

Result<void> SegmentLog::write_group(std::span<PendingAppend* const> group) {
  Admission admission(catalog_);
  std::vector<BlockWrite> writes;
  for (auto* append : group) {
    const auto block = append->block.view();
    append->error = admission.admit(block);
    if (!append->error) writes.push_back({&append->block, end_of(catalog_, block.producer())});
  }
  if (writes.empty()) return {};
  if (auto ok = writer_.append(writes); !ok) return ok;
  publisher_.publish(writer_.next_id());
  written_bytes_.store(writer_.written());
  const std::lock_guard lock(catalog_mutex_);
  for (const auto& write : writes)
    catalog_.add(write.block->view(), write.offset);
  return {};
}

Result<Expendables> SegmentLog::expendable(const RetentionPolicy& policy) const {
  return expendable_segments(files_, dir_, policy, written_bytes_.load(), clock_.wall_ns());
}

Result<std::size_t> SegmentLog::drop_below(std::uint64_t id) {
  return drop_segments_below(files_, dir_, {log_id(), id});
}

TypeCounts SegmentLog::type_counts() const {
  const std::lock_guard lock(catalog_mutex_);
  return catalog_.types;
}

}  // namespace aludel
