// SPDX-License-Identifier: MIT
// The whole of a processor: a real log, a plugin behind the ABI, its SQL, the projection.
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "plugin_rig.hpp"

namespace aludel {

TEST_CASE("a plugin's rows and the cursor come from the log, and its clock is the event's") {
  PluginRig rig;
  for (int i = 0; i < 100; ++i)
    rig.append(3);
  const auto state = rig.run();
  CHECK(state.activity == Activity::offline);
  CHECK(state.next == 300);
  CHECK(state.handled == 300);
  CHECK(Rig::rows_in(rig.directory()) == upto(299));
  CHECK(Rig::number_in(rig.directory(), "select count(*) from rows where at = '1993-06-25 09:20:00'") == 300);
}

TEST_CASE("a plugin that fails after writing leaves nothing of that event, and comes to it again") {
  PluginRig rig;
  rig.append(10);
  const auto behaves = rig.handle;
  rig.handle = [](aludel_call* call, const aludel_event* event) {
    run_sql(call, PluginRig::insert, event->id);
    return event->id == 6 ? ALUDEL_FAIL : ALUDEL_HANDLED;
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rolled_back == std::vector<std::uint64_t>{4});
  CHECK(Rig::rows_in(rig.directory()) == upto(5));
  CHECK(read_state(rig.directory())->error->event_id == 6);
  rig.handle = behaves;
  CHECK(rig.run().activity == Activity::offline);
  CHECK(Rig::rows_in(rig.directory()) == upto(9));
}

TEST_CASE("a plugin that only read before it failed is left out, without its batch being undone") {
  PluginRig rig;
  rig.append(10);
  rig.handle = [](aludel_call* call, const aludel_event* event) {
    if (event->id != 6)
      return run_sql(call, PluginRig::insert, event->id) == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
    run_sql(call, "select count(*) from rows where id < ?", event->id);
    return ALUDEL_FAIL;
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rolled_back == std::vector<std::uint64_t>{6});
  CHECK(Rig::rows_in(rig.directory()) == upto(5));
}

TEST_CASE("a plugin whose SQL ends the transaction loses its batch, though it says that all is well") {
  PluginRig rig;
  rig.append(10);
  rig.handle = [](aludel_call* call, const aludel_event* event) {
    run_sql(call, PluginRig::insert, event->id);
    if (event->id == 6) run_sql(call, "insert or rollback into rows select id, at from rows where id < ?", 1);
    return ALUDEL_HANDLED;
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rolled_back == std::vector<std::uint64_t>{4});
  CHECK(Rig::rows_in(rig.directory()) == upto(5));
  CHECK(read_state(rig.directory())->error->code == "transaction_lost");
}

TEST_CASE("a plugin's flush that names the event at fault stops the processor before that event") {
  PluginRig rig;
  rig.append(10);
  std::vector<std::uint64_t> gathered;
  rig.handle = [&](aludel_call*, const aludel_event* event) {
    gathered.push_back(event->id);
    return ALUDEL_HANDLED;
  };
  rig.flush = [&](aludel_call* call) {
    for (const auto id : std::exchange(gathered, {})) {
      if (id != 6) {
        run_sql(call, PluginRig::insert, id);
        continue;
      }
      aludel_error error{};
      error.struct_size = sizeof error;
      error.code = ALUDEL_STR("unwanted");
      error.event_id = id;
      call->host->set_error(call, &error);
      return ALUDEL_FAIL;
    }
    return ALUDEL_HANDLED;
  };
  CHECK(rig.run().activity == Activity::stopped);
  CHECK(rig.rolled_back == std::vector<std::uint64_t>{4});
  CHECK(Rig::rows_in(rig.directory()) == upto(5));
  CHECK(read_state(rig.directory())->error->code == "unwanted");
  CHECK(read_state(rig.directory())->error->stage == "flush");
}

TEST_CASE("a processor that waits at the tip of a log wakes for an append, and for a stop") {
  PluginRig rig;
  rig.clock = &system_clock();
  std::mutex mutex;
  std::condition_variable told;
  std::optional<std::uint64_t> waits_at;
  rig.on_state = [&](const ProcessorState& state) {
    const std::lock_guard hold(mutex);
    if (state.activity == Activity::waiting) waits_at = state.next;
    told.notify_one();
  };
  const auto wait_for = [&](std::uint64_t next) {
    std::unique_lock hold(mutex);
    return told.wait_for(hold, std::chrono::seconds(30), [&] { return waits_at == next; });
  };
  std::optional<ProcessorState> end;
  std::thread processor([&] { end = rig.run(); });
  const bool waited = wait_for(0);
  rig.append(3);
  const bool woke = wait_for(3);
  rig.stop.raise();
  processor.join();
  CHECK(waited);
  CHECK(woke);
  REQUIRE(end);
  CHECK(end->activity == Activity::offline);
  CHECK(Rig::rows_in(rig.directory()) == upto(2));
}

}  // namespace aludel
