// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "processor/relay.hpp"

namespace aludel {

/// A log for emitted events, in memory: knows its producers' sequences as the real one does.
class FakeAppender final : public Appender {
 public:
  struct One {
    std::string type, source, key, content_type, data;
    std::string cause, depth;
    std::int64_t time_ns;
    std::uint32_t sent_crc;
  };
  struct Call {
    std::string producer;
    std::uint64_t sequence;
    std::size_t count;
  };

  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt& interrupt) override {
    if (on_append) on_append();
    calls.push_back({std::string(request.producer), request.sequence, request.events.size()});
    if (interrupt.pending()) return Error(ErrorCode::stopped, "interrupted");
    if (!fails_with.empty()) {
      const auto error = fails_with.front();
      fails_with.pop_front();
      return error;
    }
    auto& log = logs[std::string(request.producer)];
    if (request.sequence > log.size()) return Error(ErrorCode::conflict, "a gap in the producer's sequence");
    for (std::size_t i = 0; i < std::min(request.events.size(), takes); ++i) {
      const auto at = request.sequence + i;
      const auto one = copy(request.events[i]);
      if (at == log.size()) {
        log.push_back(one);
      } else if (log[at].sent_crc != one.sent_crc) {
        return Error(ErrorCode::conflict, "other bytes under a known sequence");
      }
    }
    if (loses_answer) {
      loses_answer = false;
      return Error(ErrorCode::io, "the answer is lost");
    }
    return request.sequence + std::min(request.events.size(), takes);
  }

  /// What the log has of all producers, in order.
  [[nodiscard]] std::vector<One> all() const {
    std::vector<One> events;
    for (const auto& [producer, log] : logs)
      events.insert(events.end(), log.begin(), log.end());
    return events;
  }
  /// The keys of these, as one line.
  [[nodiscard]] std::string keys() const {
    std::string line;
    for (const auto& one : all())
      line += (line.empty() ? "" : " ") + one.key;
    return line;
  }

  std::map<std::string, std::vector<One>> logs;  ///< by producer
  std::vector<Call> calls;
  std::deque<Error> fails_with;                      ///< of the next calls
  bool loses_answer = false;                         ///< of the next call, which is carried out
  std::size_t takes = static_cast<std::size_t>(-1);  ///< events of a call at most
  std::function<void()> on_append;                   ///< called first

 private:
  static One copy(const NewEvent& event) {
    const auto text = [](std::optional<std::string_view> value) { return std::string(value.value_or("")); };
    return {std::string(event.type),
            std::string(event.source),
            std::string(event.key),
            std::string(event.content_type),
            std::string(event.data),
            text(event.attributes.find("aludelcause")),
            text(event.attributes.find("aludeldepth")),
            event.time_ns,
            event.sent_crc};
  }
};

}  // namespace aludel
