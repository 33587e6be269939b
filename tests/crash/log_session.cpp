// SPDX-License-Identifier: MIT
#include "log_session.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

#include "base/assert.hpp"
#include "support/power_loss.hpp"
#include "support/recording_file_system.hpp"

namespace aludel {

namespace {

constexpr int groups = 14;
constexpr int lives = 3;
constexpr int faults_max = 10;  // in a row; what goes on failing is a fault of the log's

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
      leader_ = std::make_unique<LogLeader>(files_, dir_, session_.sync, clock_);
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
  std::unique_ptr<LogLeader> leader_;
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
  return {
      .dir = dir, .files = files, .sync = sync, .segment_size = crash_segment_size, .allocate_ahead = false};
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
