// SPDX-License-Identifier: MIT
#include "runtime/projection_moment.hpp"

#include <atomic>
#include <functional>
#include <thread>

#include "small_log_rig.hpp"

namespace aludel {

namespace {

/// A log to which something happens whenever its tip is asked for.
class WatchedReader final : public EventReader {
 public:
  WatchedReader(EventReader& log, std::function<void()> on_tip) : log_(log), on_tip_(std::move(on_tip)) {}

  [[nodiscard]] Uuid log_id() const override { return log_.log_id(); }
  [[nodiscard]] Result<std::uint64_t> first() const override { return log_.first(); }
  [[nodiscard]] std::uint64_t tip() const override {
    on_tip_();
    return log_.tip();
  }
  Result<WaitResult> wait(std::uint64_t seen, const Interrupt& interrupt,
                          std::optional<std::chrono::nanoseconds> timeout) override {
    return log_.wait(seen, interrupt, timeout);
  }
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t id, Check check) override {
    return log_.read_from(id, check);
  }
  Result<std::uint32_t> block_fingerprint(std::uint64_t id) override { return log_.block_fingerprint(id); }

 private:
  EventReader& log_;
  std::function<void()> on_tip_;
};

// What a processor has emitted of what the log has below `end`.
std::uint64_t relayed_below(SmallLogRig& rig, const std::string& producer, std::uint64_t end) {
  std::uint64_t events = 0;
  const auto cursor = rig.log->read_from(0, Check::body);
  REQUIRE(cursor);
  for (;;) {
    const auto block = (*cursor)->next();
    REQUIRE(block);
    if (*block == nullptr || (*block)->first_id() >= end) return events;
    if ((*block)->producer() == producer) events += (*block)->count();
  }
}

}  // namespace

TEST_CASE("the log ends before what a projection has emitted since it was looked at") {
  SmallLogRig rig;
  rig.append();
  rig.processor("x", 1);
  rig.emit("x");
  rig.append();
  int asked = 0;
  WatchedReader log(*rig.log, [&] {
    if (++asked != 2) return;
    rig.append();
    rig.emit("x");
    rig.append();
  });
  const auto moment = ProjectionMoment::take(rig.data, {"x", "unknown"}, log);
  REQUIRE(moment);
  CHECK(rig.log->tip() == 6);
  CHECK(moment->log_end() == 4);
  CHECK(moment->projection("x") != nullptr);
  CHECK(moment->projection("unknown") == nullptr);
}

TEST_CASE("a moment is found while processors emit, and handle what others have emitted") {
  SmallLogRig rig;
  rig.append();
  rig.processor("x", 1);
  rig.processor("y", 1);
  std::atomic<bool> stop{false};
  std::thread owners([&] {
    while (!stop) {
      rig.emit("x");
      rig.processor("y", rig.log->tip());
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto moment = ProjectionMoment::take(rig.data, {"x", "y"}, *rig.log);
    REQUIRE(moment);
    auto x = HostTables::open(*moment->projection("x"));
    auto y = HostTables::open(*moment->projection("y"));
    REQUIRE((x && y));
    const auto producer = emitting_producer("x", x->identity()->producer_id);
    CHECK(relayed_below(rig, producer, moment->log_end()) <= x->emitted().value());
    CHECK(y->cursor()->position.next <= moment->log_end());
  }
  stop = true;
  owners.join();
}

}  // namespace aludel
