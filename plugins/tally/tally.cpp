// SPDX-License-Identifier: MIT
/// Counts events by type and day (UTC). A batch is gathered in memory and written at once, by flush().
#include <aludel/plugin.hpp>
#include <map>
#include <vector>

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t ns_per_day = seconds_per_day * 1'000'000'000;

/// Whole days since 1970-01-01, also of times before it.
constexpr std::int64_t day_of(std::int64_t time_ns) {
  return time_ns / ns_per_day - (time_ns % ns_per_day < 0 ? 1 : 0);
}

constexpr const char* add = R"(
    insert into tally values (?, date(?, 'unixepoch'), ?)
    on conflict do update set count = count + excluded.count)";

class Tally {
 public:
  static constexpr const char* migrations[] = {R"(
      create table tally (type text, day text, count integer not null, primary key (type, day)) without rowid)"};

  void handle(aludel::Call&, const aludel::Event& event) {
    std::int64_t& count = count_of(event.type(), day_of(event.time_ns()));
    gathered_.push_back({event.id(), &count});
    ++count;
  }

  void flush(aludel::Call& call) {
    for (const auto& [key, count] : counts_) {
      const auto& [type, day] = key;
      if (count == 0) continue;
      call.sql(add).run(type, day * seconds_per_day, count);
    }
    counts_.clear();
    gathered_.clear();
  }

  /// Events are gathered in log order, so those from `event_id` on are at the end.
  void rolled_back(aludel::Call&, std::uint64_t event_id) {
    while (!gathered_.empty() && gathered_.back().event_id >= event_id) {
      --*gathered_.back().count;
      gathered_.pop_back();
    }
  }

 private:
  using Key = std::tuple<std::string, std::int64_t>;
  struct Gathered {
    std::uint64_t event_id;
    std::int64_t* count;  ///< in counts_
  };

  std::int64_t& count_of(std::string_view type, std::int64_t day) {
    const auto found = counts_.find(std::tuple(type, day));
    if (found != counts_.end()) return found->second;
    return counts_.emplace(Key(type, day), 0).first->second;
  }

  std::map<Key, std::int64_t, std::less<>> counts_;  ///< by type and day, since the last flush
  std::vector<Gathered> gathered_;
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Tally>("org.aludel.tally", "1.0.0")
                  .on_all()
                  .named("Tally")
                  .describe("Counts of all events by type and day"))
