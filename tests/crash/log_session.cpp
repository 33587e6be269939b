// SPDX-License-Identifier: MIT
#include "log_session.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <utility>

#include "base/assert.hpp"
#include "log/recovery.hpp"
#include "log/segment.hpp"
#include "support/fake_clock.hpp"
#include "support/power_loss.hpp"
#include "support/recording_file_system.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t capacity = 8'192;
constexpr int groups = 14;
constexpr int lives = 3;
constexpr int faults_max = 10;  // in a row; what goes on failing is a fault of the log's

// Writes to a log as the leader of its appends does (`SegmentLog::commit_group`), so that a test and no
// scheduler says what makes a group.
class Leader {
 public:
  Leader(os::FileSystem& files, std::filesystem::path dir, Sync sync, FakeClock& clock)
      : files_(files), dir_(std::move(dir)), sync_(sync), clock_(clock) {}

  /// @param published in this boot
  Result<void> open(std::uint64_t published) {
    const auto first_ids = list_segments(files_, dir_);
    if (!first_ids) return first_ids.error();
    if (first_ids->empty()) {
      const auto made =
          create_segment(files_, dir_, make_segment_header(crash_log_id, 0, 0, clock_.wall_ns(), capacity));
      if (!made) return made.error();
    }
    const KnownMark tip_page{"the tip page", dir_ / "tip", crash_log_id, published};
    auto recovered = recover_log(files_, dir_, std::array{tip_page}, [](const std::string&) {});
    if (!recovered) return recovered.error();
    catalog_ = std::move(recovered->catalog);
    writer_.emplace(SegmentWriter::Options{files_, dir_, clock_, sync_, capacity, false},
                    std::move(recovered->end));
    all_is_durable();
    return {};
  }
  [[nodiscard]] std::uint64_t tip() const { return writer_->next_id(); }
  /// Everything below was synced; under `full` that is all.
  [[nodiscard]] std::uint64_t durable() const { return sync_ == Sync::full ? tip() : durable_; }

  /// Appends the first of them that go into one segment. @return how many
  Result<std::size_t> commit(const std::vector<const AskedAppend*>& waiting) {
    std::vector<EncodedBlock> blocks;
    for (const auto* append : waiting) {
      auto block = EncodedBlock::encode({views(append->events), append->producer, append->sequence});
      if (!block) return block.error();
      blocks.push_back(std::move(*block));
    }
    clock_.advance(std::chrono::milliseconds(1));
    if (auto ok = make_room(blocks.front().size()); !ok) return ok.error();
    std::vector<BlockWrite> writes;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      bytes += blocks[i].size();
      if (bytes > writer_->room()) break;
      writes.push_back({&blocks[i], end_of(waiting[i]->producer)});
    }
    if (auto ok = writer_->append(writes); !ok) return ok.error();
    for (const auto& write : writes)
      catalog_.add(write.block->view(), write.offset);
    return writes.size();
  }

  /// Allocates what is left of the segment, as `ZeroFill` does; `sync_ahead` may come later.
  void fill_ahead() {
    if (!writer_->has_segment() || ahead_) return;
    const auto path = dir_ / segment_name(list_segments(files_, dir_)->back());
    ahead_ = std::move(*files_.open(path, os::OpenMode::read_write));
    const auto size = *ahead_->size();
    if (size >= capacity) return;
    const std::string zeros(capacity - size, '\0');
    (void)ahead_->write_at(size, std::array{std::string_view(zeros)});
  }
  void sync_ahead() {
    if (ahead_) (void)ahead_->sync_data();
    ahead_.reset();
  }

 private:
  Result<void> make_room(std::size_t size) {
    if (auto ok = writer_->check(); !ok) return ok;
    if (auto ok = writer_->repair(); !ok) return ok;
    if (size <= writer_->room()) return {};
    sync_ahead();
    if (writer_->has_segment()) {
      if (auto ok = writer_->seal(catalog_); !ok) return ok;
      all_is_durable();
    }
    return writer_->begin_segment();
  }
  void all_is_durable() { durable_ = tip(); }
  [[nodiscard]] ProducerEnd end_of(const std::string& producer) const {
    const auto found = catalog_.producers.find(producer);
    return found == catalog_.producers.end() ? ProducerEnd{} : found->second;
  }

  os::FileSystem& files_;
  const std::filesystem::path dir_;
  const Sync sync_;
  FakeClock& clock_;
  Catalog catalog_;
  std::unique_ptr<os::File> ahead_;
  std::optional<SegmentWriter> writer_;
  std::uint64_t durable_ = 0;
};

/// Lives one session.
class Life {
 public:
  Life(LogSession& session, std::mt19937& random, const std::filesystem::path& dir)
      : session_(session), random_(random), dir_(dir), memory_(dir, session.before), files_(dir, memory_) {}

  Result<void> run() {
    std::deque<std::size_t> waiting;
    if (auto ok = begin(waiting, 0); !ok) return ok;
    for (int group = 0; group < groups || !waiting.empty(); ++group) {
      ALUDEL_ASSERT(group < groups + 10 * faults_max);
      if (group < groups) ask(waiting);
      if (group < groups) choose_faults();
      commit(waiting);
      if (!files_.is_dead()) continue;
      if (auto ok = begin(waiting, session_.tip_after(session_.acknowledged.size())); !ok) return ok;
    }
    session_.calls = files_.calls();
    return {};
  }

 private:
  [[nodiscard]] int number(int below) {
    return static_cast<int>(random_() % static_cast<std::uint32_t>(below));
  }
  [[nodiscard]] bool one_in(int chances) { return number(chances) == 0; }

  // A process comes, the first one or another after a kill.
  Result<void> begin(std::deque<std::size_t>& waiting, std::uint64_t published) {
    for (int tries = 0;; ++tries) {
      files_.revive();
      if (one_in(6)) files_.fail_syncs(1, number(3));
      if (one_in(6)) files_.die_after(number(8));
      leader_ = std::make_unique<Leader>(files_, dir_, session_.sync, clock_);
      const auto opened = leader_->open(published);
      if (opened && !files_.is_dead()) break;
      if (tries == faults_max) return opened;
    }
    if (auto ok = take_over(); !ok) return ok;
    // What has no answer is sent again, and may be there.
    std::erase_if(waiting, [&](std::size_t index) {
      return std::find(session_.acknowledged.begin(), session_.acknowledged.end(), index) !=
             session_.acknowledged.end();
    });
    return {};
  }

  // What recovery has kept is published, and durable.
  Result<void> take_over() {
    std::filesystem::remove(dir_ / "tip");  // another log's
    const auto reader = SegmentReader::open(memory_, dir_);
    if (!reader) return reader.error();
    const auto kept = appends_in(**reader, session_.asked, session_.acknowledged);
    if (!kept) return kept.error();
    session_.acknowledged = *kept;
    promise();
    next_.clear();
    for (const auto index : *kept)
      answer(index);
    return {};
  }

  void answer(std::size_t index) {
    const auto& append = session_.asked[index];
    next_[append.producer] = append.sequence + append.events.size();
  }

  void ask(std::deque<std::size_t>& waiting) {
    std::vector<std::string> producers{"", "p", "q", "a producer with a long name"};
    std::shuffle(producers.begin(), producers.end(), random_);
    producers.resize(static_cast<std::size_t>(1 + number(4)));
    for (const auto& producer : producers) {
      // A producer's next append comes after the answer to the one before.
      const auto is_its = [&](std::size_t index) { return session_.asked[index].producer == producer; };
      if (std::any_of(waiting.begin(), waiting.end(), is_its)) continue;
      AskedAppend append{producer, producer.empty() ? 0 : next_[producer], {}};
      for (int i = 1 + number(3); i > 0; --i) {
        const auto text = std::to_string(session_.asked.size()) + "." + std::to_string(i);
        append.events.push_back(
            event_with(text + std::string(static_cast<std::size_t>(one_in(8) ? 400 + number(700) : 20), 'x'),
                       one_in(3) ? "other" : "test"));
      }
      waiting.push_back(session_.asked.size());
      session_.asked.push_back(std::move(append));
    }
  }

  void choose_faults() {
    if (one_in(12)) files_.fail_syncs(1 + number(3), number(3));
    if (one_in(25)) files_.fail_next_write();
    if (one_in(10)) files_.die_after(number(10));
    if (!one_in(12)) return;
    // Killed over a sync that fails, with good pages in memory.
    files_.fail_syncs(1);
    files_.die_after(2);
  }

  void commit(std::deque<std::size_t>& waiting) {
    if (waiting.empty()) return;
    if (one_in(3)) leader_->fill_ahead();
    if (one_in(2)) leader_->sync_ahead();
    std::vector<const AskedAppend*> group;
    for (const auto index : waiting)
      group.push_back(&session_.asked[index]);
    const auto done = leader_->commit(group);
    if (done) {
      for (std::size_t i = 0; i < *done; ++i, waiting.pop_front()) {
        session_.acknowledged.push_back(waiting.front());
        answer(waiting.front());
      }
    }
    leader_->sync_ahead();
    promise();
  }

  void promise() {
    std::size_t durable = 0;
    while (durable < session_.acknowledged.size() && session_.tip_after(durable + 1) <= leader_->durable())
      ++durable;
    session_.promises.push_back({files_.position(), session_.acknowledged.size(), durable});
  }

  LogSession& session_;
  std::mt19937& random_;
  const std::filesystem::path& dir_;
  MemoryFileSystem memory_;
  RecordingFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Leader> leader_;
  std::map<std::string, std::uint64_t> next_;  // of each producer
};

// The next session begins with what a power loss somewhere in this one leaves.
LogSession lose_power(const LogSession& session, std::mt19937& random) {
  const auto calls = session.calls.size() / 2 + random() % (session.calls.size() / 2);
  PowerLoss loss(session.before);
  for (std::size_t i = 0; i < calls; ++i)
    loss.advance(session.calls[i]);
  std::vector<std::vector<Fate>> all;
  for_each_loss(loss.undecided(), static_cast<std::uint32_t>(random()), 8,
                [&](LossKind, const std::vector<Fate>& fates) { all.push_back(fates); });
  LogSession next;
  next.before = loss.aftermath(all[random() % all.size()]);
  next.asked = session.asked;
  next.acknowledged = session.acknowledged;
  const auto promised = session.promised_after(calls).durable;
  next.promises.push_back({0, promised, promised});
  return next;
}

bool holds(const AskedAppend& asked, const Block& block) {
  if (asked.events.size() != block.end_id() - block.first_id()) return false;
  if (asked.producer != block.producer() || asked.sequence != block.producer_sequence()) return false;
  auto events = block.events(block.first_id());
  Event event;
  for (const auto& wanted : asked.events) {
    if (!events.next(event)) return false;
    auto found = owned(event);
    found.id = wanted.id;
    if (found != wanted) return false;
  }
  return true;
}

}  // namespace

LogSession::Promise LogSession::promised_after(std::size_t calls_done) const {
  Promise latest;
  for (const auto& promise : promises) {
    if (promise.calls <= calls_done) latest = promise;
  }
  return latest;
}

std::uint64_t LogSession::tip_after(std::size_t count) const {
  std::uint64_t tip = 0;
  for (std::size_t i = 0; i < count; ++i)
    tip += asked[acknowledged[i]].events.size();
  return tip;
}

Result<std::vector<LogSession>> make_log_sessions(std::uint32_t seed, const std::filesystem::path& dir) {
  std::mt19937 random(seed);
  std::vector<LogSession> sessions;
  LogSession session;
  for (int i = 0; i < lives; ++i) {
    session.sync = random() % 3 == 0 ? Sync::normal : Sync::full;
    if (auto ok = Life(session, random, dir).run(); !ok) return ok.error();
    sessions.push_back(session);
    session = lose_power(sessions.back(), random);
  }
  return sessions;
}

OpenOptions memory_log(const std::filesystem::path& dir, os::FileSystem& files, Sync sync) {
  return {.dir = dir, .files = files, .sync = sync, .segment_size = capacity, .allocate_ahead = false};
}

Result<std::vector<std::size_t>> appends_in(EventReader& log, const std::vector<AskedAppend>& asked,
                                            const std::vector<std::size_t>& acknowledged) {
  std::vector<std::size_t> found;
  auto cursor = log.read_from(0);
  if (!cursor) return cursor.error();
  for (;;) {
    const auto block = (*cursor)->next();
    if (!block) return block.error();
    if (*block == nullptr) return found;
    std::size_t index = found.size() < acknowledged.size() ? acknowledged[found.size()] : 0;
    if (!holds(asked[index], **block)) {
      for (index = 0; index < asked.size() && !holds(asked[index], **block);)
        ++index;
    }
    if (index == asked.size()) {
      return Error(ErrorCode::corrupt, "the log holds from event " + std::to_string((*block)->first_id()) +
                                           " on what nobody asked for");
    }
    found.push_back(index);
  }
}

}  // namespace aludel
