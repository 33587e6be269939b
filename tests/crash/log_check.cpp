// SPDX-License-Identifier: MIT
#include "log_check.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "log/verify.hpp"
#include "support/recording_file_system.hpp"

namespace aludel {

namespace {

using Fault = std::optional<std::string>;

std::set<std::string> saved_in(const FolderContent& folder) {
  std::set<std::string> saved;
  for (const auto& [name, bytes] : folder) {
    if (name.starts_with("torn-") && !name.ends_with(".tmp")) saved.insert(bytes);
  }
  return saved;
}

/// The producers of a session after a power loss: they send again what they have no answer for, and go on.
class Producers {
 public:
  Producers(SegmentLog& log, std::vector<AskedAppend> asked, std::vector<std::size_t> found)
      : log_(log), asked_(std::move(asked)), found_(std::move(found)) {}

  Fault run() {
    if (auto fault = repeat_all()) return fault;
    if (auto fault = send_lost()) return fault;
    return send_more();
  }
  [[nodiscard]] const std::vector<AskedAppend>& asked() const { return asked_; }
  [[nodiscard]] const std::vector<std::size_t>& found() const { return found_; }

 private:
  Fault repeat_all() {
    for (const auto index : found_) {
      const auto& append = asked_[index];
      if (append.producer.empty()) continue;
      next_[append.producer] = append.sequence + append.events.size();
      const auto again = log_.append({views(append.events), append.producer, append.sequence});
      if (!again) return "a repetition fails: " + again.error().message;
      if (again->count != 0 || again->duplicates != append.events.size()) return "a repetition adds events";
    }
    return std::nullopt;
  }

  // Of those that were asked for in vain, under one sequence the one that was asked for last.
  Fault send_lost() {
    const auto before = asked_.size();
    for (auto index = before; index-- > 0;) {
      const auto& append = asked_[index];
      if (append.producer.empty() || append.sequence != next_[append.producer]) continue;
      if (std::find(found_.begin(), found_.end(), index) != found_.end()) continue;
      if (auto fault = send(index)) return fault;
    }
    return std::nullopt;
  }

  Fault send_more() {
    for (const char* producer : {"", "p", "new"}) {
      asked_.push_back({producer, next_[producer], {event_with("after the loss")}});
      if (asked_.back().producer.empty()) asked_.back().sequence = 0;
      if (auto fault = send(asked_.size() - 1)) return fault;
    }
    return std::nullopt;
  }

  Fault send(std::size_t index) {
    const auto& append = asked_[index];
    const auto tip = log_.tip();
    const auto sent = log_.append({views(append.events), append.producer, append.sequence});
    if (!sent) return "an append fails: " + sent.error().message;
    if (sent->count != append.events.size() || sent->duplicates != 0)
      return "an append that was lost is half there";
    if (sent->first != tip || log_.tip() != tip + sent->count) return "an append leaves a gap";
    next_[append.producer] += append.events.size();
    found_.push_back(index);
    return std::nullopt;
  }

  SegmentLog& log_;
  std::vector<AskedAppend> asked_;
  std::vector<std::size_t> found_;             // in the log, in its order
  std::map<std::string, std::uint64_t> next_;  // sequence of each producer
};

Fault compare(SegmentLog& log, const std::vector<AskedAppend>& asked, const std::vector<std::size_t>& found) {
  const auto now = appends_in(log, asked, found);
  if (!now) return "opened again: " + now.error().message;
  if (*now != found)
    return fmt::format("opened again it holds {} appends, not {}", now->size(), found.size());
  TypeCounts counts;
  for (const auto index : found) {
    for (const auto& event : asked[index].events)
      ++counts[event.type];
  }
  if (log.type_counts() != counts) return "events are counted wrongly by type";
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> LogCheck::open(os::FileSystem& files, const LogSession& session,
                                                   const LogSession::Promise& promise) const {
  // After a power loss nobody believes the tip page.
  std::filesystem::remove(dir_ / "tip");
  auto options = memory_log(dir_, files, session.sync);
  options.known = {{"processor x", "processors/x", crash_log_id, session.tip_after(promise.acknowledged),
                    session.sync == Sync::full}};
  return SegmentLog::open(options);
}

std::optional<std::string> LogCheck::check(const FolderContent& left, const LogSession& session,
                                           const LogSession::Promise& promise,
                                           const std::set<std::string>& saved) {
  MemoryFileSystem files(dir_, left);
  auto log = open(files, session, promise);
  if (!log) return "it cannot be opened: " + log.error().message;
  auto found = appends_in(**log, session.asked, session.acknowledged);
  if (!found) return found.error().message;
  const auto& acknowledged = session.acknowledged;
  for (std::size_t i = 0; i < promise.durable; ++i) {
    if (i >= found->size() || (*found)[i] != acknowledged[i])
      return fmt::format("acknowledged append {} of {} is lost", i, promise.durable);
  }
  const auto now_saved = saved_in(files.content());
  if (!std::includes(now_saved.begin(), now_saved.end(), saved.begin(), saved.end()))
    return "what recovery cut off is saved nowhere";
  log->reset();
  log = open(files, session, promise);
  if (!log) return "it cannot be opened again: " + log.error().message;
  if (auto fault = compare(**log, session.asked, *found)) return fault;
  Producers producers(**log, session.asked, std::move(*found));
  if (auto fault = producers.run()) return fault;
  log->reset();
  log = open(files, session, promise);
  if (!log) return "it cannot be opened after more appends: " + log.error().message;
  if (auto fault = compare(**log, producers.asked(), producers.found())) return fault;
  log->reset();
  const auto verified = verify_log(files, dir_, {}, [](std::uint64_t, std::uint64_t) {});
  if (!verified) return "it cannot be verified: " + verified.error().message;
  if (!verified->faults.empty() || verified->torn_tail) return "a fault is found in it";
  return std::nullopt;
}

LogCheck::Recovery LogCheck::record_recovery(const FolderContent& left, const LogSession& session,
                                             const LogSession::Promise& promise) {
  MemoryFileSystem memory(dir_, left);
  RecordingFileSystem files(dir_, memory);
  (void)open(files, session, promise);
  return {files.calls(), saved_in(memory.content())};
}

}  // namespace aludel
