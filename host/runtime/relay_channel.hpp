// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"
#include "log/event_log.hpp"
#include "processor/relay.hpp"
#include "runtime/relay_gate.hpp"

/// The way of emitted events from a child to its host: a socket pair of their own, one request at a time.
///
/// A request is a block as it would stand in the log (docs/store-format.md), with producer and sequence, of
/// no log and with first id 0. The answer is a `RelayAnswer` and the bytes of its message.
namespace aludel {

struct RelayAnswer {
  std::uint64_t below = 0;  ///< the log has all of the producer's events below this sequence
  std::uint32_t error = 0;  ///< 0: done; else an `ErrorCode` plus 1, and `message_size` bytes follow
  std::uint32_t message_size = 0;
};

/// The child's end. On the processor's thread.
class RelayClient final : public Appender {
 public:
  /// @param descriptor not owned
  /// @param on_broken called when the host's end is gone, or the descriptor is something else now; does not
  ///   return
  RelayClient(int descriptor, std::function<void()> on_broken)
      : descriptor_(descriptor), on_broken_(std::move(on_broken)) {}

  /// While a request that was interrupted is still unanswered, no other one is sent: its answer is the next
  /// call's, unless that is another producer's.
  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt& interrupt) override;

 private:
  Result<std::uint64_t> receive_answer(const Interrupt& interrupt);
  void receive(char* at, std::size_t size);
  [[nodiscard]] bool wait_for_answer(const Interrupt& interrupt);

  const int descriptor_;
  const std::function<void()> on_broken_;
  std::optional<std::string> answer_is_due_;  // to this producer
};

/// The host's end: a thread that appends what it is sent, if it passes the gate. Blocked in a read, it uses
/// no CPU.
class RelayServer {
 public:
  /// @param gate the processor's, outlives this
  /// @return limit: no thread can be had
  static Result<std::unique_ptr<RelayServer>> start(os::Descriptor socket, RelayGate& gate);
  /// Waits for an append that is under way, however long the disk takes.
  ~RelayServer();
  RelayServer(const RelayServer&) = delete;
  RelayServer& operator=(const RelayServer&) = delete;

  /// No other request is taken; waits for nothing.
  void close();
  /// Closed, and no append is under way any more.
  [[nodiscard]] bool is_over() const { return closed_ && ended_; }

 private:
  RelayServer(os::Descriptor socket, RelayGate& gate) : socket_(std::move(socket)), gate_(gate) {}
  void serve();
  [[nodiscard]] bool receive_block(std::string& block) const;
  [[nodiscard]] Result<std::uint64_t> append(const std::string& block) const;

  os::Descriptor socket_;
  RelayGate& gate_;
  bool closed_ = false;
  std::atomic<bool> ended_ = false;  ///< `serve`
  std::thread thread_;
};

/// The host's ends of all its children's channels. One that is let go of stays until its append is done, so
/// that a sync that hangs does not hold up the reactor's thread, which all calls are on.
class RelayServers {
 public:
  struct Close {
    void operator()(RelayServer* server) const { server->close(); }
  };
  using End = std::unique_ptr<RelayServer, Close>;  ///< closes, does not own

  /// @param log outlives this
  explicit RelayServers(EventLog& log) : log_(log) {}

  /// @return to be let go of before this ends; limit: no thread can be had
  Result<End> start(os::Descriptor socket, std::string_view processor);
  /// The one that all processes of a processor go through, in turn.
  RelayGate& gate(std::string_view processor);

 private:
  EventLog& log_;
  std::map<std::string, RelayGate, std::less<>> gates_;  ///< by processor
  std::vector<std::unique_ptr<RelayServer>> servers_;
};

}  // namespace aludel
