// SPDX-License-Identifier: MIT
#include "runtime/relay_channel.hpp"

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "log/encoded_block.hpp"
#include "log/segment_log.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

constexpr std::chrono::seconds limit(30);

using namespace std::string_view_literals;

constexpr auto attributes = "aludelcause\0000\0aludeldepth\0001\0"sv;
const std::string producer = "6f0e3a6c-8a1f-4a51-9f5e-0d2b6c1f7a01";
const std::string another = "6f0e3a6c-8a1f-4a51-9f5e-0d2b6c1f7a02";

/// A log that answers an append when it is let, as it is told to.
class HeldLog final : public EventLog {
 public:
  Result<AppendResult> append(const AppendRequest& request) override {
    std::unique_lock lock(mutex_);
    sequences.push_back(request.sequence);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (fails_with) return *fails_with;
    return AppendResult{0, request.events.size(), 0};
  }
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void wait_for_append() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, limit, [this] { return !sequences.empty(); }));
  }

  std::vector<std::uint64_t> sequences;  ///< of the appends; to be read when none is under way
  std::optional<Error> fails_with;

  Result<std::optional<std::string>> last_source(std::string_view) override {
    return std::optional<std::string>();
  }
  [[nodiscard]] Uuid log_id() const override { return {}; }
  [[nodiscard]] Result<std::uint64_t> first() const override { return 0; }
  [[nodiscard]] std::uint64_t tip() const override { return 1; }
  Result<WaitResult> wait(std::uint64_t, const Interrupt&, std::optional<std::chrono::nanoseconds>) override {
    return WaitResult::timed_out;
  }
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t, Check) override { return Error(); }
  Result<std::uint32_t> block_fingerprint(std::uint64_t) override { return Error(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
};

struct Broken : std::runtime_error {
  Broken() : std::runtime_error("broken") {}
};

/// Both ends of a channel.
class Channel {
 public:
  explicit Channel(EventLog& log) : servers_(log) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    auto server = servers_.start(os::Descriptor(ends[0]), "x");
    REQUIRE(server);
    server_ = std::move(*server);
    child_ = os::Descriptor(ends[1]);
    client_ = std::make_unique<RelayClient>(child_.number(), [] { throw Broken(); });
  }

  RelayClient& client() { return *client_; }
  void end_server() { server_.reset(); }
  void send(std::string_view bytes) const {
    REQUIRE(::send(child_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

 private:
  RelayServers servers_;
  RelayServers::End server_;
  os::Descriptor child_;
  std::unique_ptr<RelayClient> client_;
};

NewEvent event_of(std::string_view key, std::string_view data = "{}") {
  NewEvent event;
  event.type = "paid";
  event.source = "/processors/x";
  event.key = key;
  event.content_type = "application/json";
  event.data = data;
  event.attributes = AttributeList(attributes);
  event.time_ns = 7;
  event.sent_crc = 99;
  return event;
}

}  // namespace

TEST_CASE("what a child sends is in the log as it was sent, and a repetition adds nothing") {
  const TempDir dir;
  OpenOptions options;
  options.dir = dir.path() / "log";
  auto log = SegmentLog::open(options);
  REQUIRE(log);
  const std::vector<NewEvent> cause{event_of("cause")};
  REQUIRE((*log)->append({cause}));
  Channel channel(**log);
  const Interrupt interrupt;
  const std::string large(3'000'000, 'x');
  std::vector<NewEvent> events{event_of("a"), event_of("b", large), event_of("", "")};
  CHECK(channel.client().append({events, producer, 0}, interrupt).value() == 3);
  CHECK(channel.client().append({events, producer, 0}, interrupt).value() == 3);
  events.push_back(event_of("c"));
  CHECK(channel.client().append({events, producer, 0}, interrupt).value() == 4);
  CHECK((*log)->tip() == 5);

  auto cursor = (*log)->read_from(1);
  REQUIRE(cursor);
  const auto block = (*cursor)->next();
  REQUIRE(block);
  CHECK((*block)->producer() == "/processors/x/" + producer);
  CHECK((*block)->sent_crc(1) == 99);
  Event event;
  auto walk = (*block)->events(1);
  REQUIRE(walk.next(event));
  CHECK(event.type == "paid");
  CHECK(event.source == "/processors/x");
  CHECK(event.key == "a");
  CHECK(event.content_type == "application/json");
  CHECK(event.data == "{}");
  CHECK(event.time_ns == 7);
  CHECK(event.attributes.packed() == attributes);
  REQUIRE(walk.next(event));
  CHECK(event.data == large);
}

TEST_CASE("why the log took nothing comes back with its code and its words") {
  HeldLog log;
  log.fails_with = Error(ErrorCode::disk_full, "append: no space");
  Channel channel(log);
  const Interrupt interrupt;
  const std::vector<NewEvent> events{event_of("a")};
  const auto answer = channel.client().append({events, producer, 5}, interrupt);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::disk_full);
  CHECK(answer.error().message == "append: no space");
  log.fails_with.reset();
  CHECK(channel.client().append({events, producer, 5}, interrupt).value() == 6);
}

TEST_CASE("a wait for the answer ends with a stop or a nudge, and the next call has that answer") {
  HeldLog log;
  log.hold(true);
  Channel channel(log);
  Interrupt interrupt;
  interrupt.nudge();
  std::vector<NewEvent> events{event_of("a")};
  for (int i = 0; i < 2; ++i) {
    const auto interrupted = channel.client().append({events, producer, 5}, interrupt);
    REQUIRE_FALSE(interrupted);
    CHECK(interrupted.error().code == ErrorCode::stopped);
  }
  interrupt.take_nudge();
  log.hold(false);
  events.push_back(event_of("b"));
  CHECK(channel.client().append({events, producer, 5}, interrupt).value() == 6);
  CHECK(channel.client().append({events, producer, 5}, interrupt).value() == 7);
  CHECK(log.sequences == std::vector<std::uint64_t>{5, 5});
}

TEST_CASE("an answer that was due to another producer is not taken for this one's") {
  HeldLog log;
  log.hold(true);
  Channel channel(log);
  Interrupt interrupt;
  interrupt.nudge();
  const std::vector<NewEvent> events{event_of("a")};
  for (const auto& id : {producer, another}) {
    const auto interrupted = channel.client().append({events, id, 7}, interrupt);
    REQUIRE_FALSE(interrupted);
    CHECK(interrupted.error().code == ErrorCode::stopped);
  }
  interrupt.take_nudge();
  log.hold(false);
  CHECK(channel.client().append({events, another, 0}, interrupt).value() == 1);
  CHECK(log.sequences == std::vector<std::uint64_t>{7, 0});
}

TEST_CASE("what is no request ends the channel, and the child hears it") {
  HeldLog log;
  for (const auto* kind : {"garbage", "damaged"}) {
    CAPTURE(kind);
    Channel channel(log);
    const Interrupt interrupt;
    const std::vector<NewEvent> events{event_of("a")};
    if (kind == std::string_view("garbage")) {
      channel.send(std::string(128, 'x'));
    } else {
      auto block = EncodedBlock::encode({events, producer, 0});
      REQUIRE(block);
      block->place({});
      std::string bytes(block->bytes());
      bytes[bytes.size() - 70] ^= 1;
      channel.send(bytes);
    }
    CHECK_THROWS_AS((void)channel.client().append({events, producer, 0}, interrupt), Broken);
    CHECK(log.sequences.empty());
  }
}

TEST_CASE("who lets go of a child does not wait for its append, the log's end does") {
  HeldLog log;
  log.hold(true);
  std::future<void> let_go;
  {
    Channel channel(log);
    Interrupt interrupt;
    interrupt.nudge();
    const std::vector<NewEvent> events{event_of("a")};
    CHECK_FALSE(channel.client().append({events, producer, 0}, interrupt));
    log.wait_for_append();
    let_go = std::async(std::launch::async, [&] { channel.end_server(); });
    CHECK(let_go.wait_for(limit) == std::future_status::ready);
    log.hold(false);
  }
  CHECK(log.sequences.size() == 1);
}

TEST_CASE("a child whose host lets go of it hears it") {
  HeldLog log;
  Channel channel(log);
  channel.end_server();
  const Interrupt interrupt;
  const std::vector<NewEvent> events{event_of("a")};
  CHECK_THROWS_AS((void)channel.client().append({events, producer, 0}, interrupt), Broken);
}

}  // namespace aludel
