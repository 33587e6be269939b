// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "log/event_log.hpp"

namespace aludel {

/// The key under which the log counts what a processor has emitted. The processor's name stands in it, so
/// none can take another's, nor that of any other producer.
/// @param id of its projection, as a producer
[[nodiscard]] std::string emitting_producer(std::string_view processor, const Uuid& id);
/// As it was in Aludel 0.1: the log goes on to count so what it has begun to.
[[nodiscard]] std::string emitting_producer_before(const Uuid& id);

/// What one processor may bring into the log. Its plugin shares a process with the child's end of the relay,
/// and can write to it what it likes: it is not to speak for anybody else, nor to take what all need.
///
/// Lives as long as the host, over all processes of the processor. Any thread.
class RelayGate {
 public:
  /// @param log outlives this
  RelayGate(std::string_view processor, EventLog& log)
      : processor_(processor), source_("/processors/" + processor_), log_(log) {}
  RelayGate(const RelayGate&) = delete;
  RelayGate& operator=(const RelayGate&) = delete;

  /// @param request its producer is the id of the projection
  /// @return the sequence below which the log has all; invalid, limit: it is nothing that the relay sends;
  ///   else as `EventLog::append`
  Result<std::uint64_t> append(const AppendRequest& request);

 private:
  [[nodiscard]] Result<void> check(const AppendRequest& request) const;
  Result<std::string> producer_of(std::string_view id);
  Result<void> admit_types(const AppendRequest& request);

  const std::string processor_;
  const std::string source_;
  EventLog& log_;
  std::mutex mutex_;                                      // guards all below
  std::map<std::string, std::string, std::less<>> keys_;  // by the id that was sent
  std::set<std::string, std::less<>> types_;
};

}  // namespace aludel
