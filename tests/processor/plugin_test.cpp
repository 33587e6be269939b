// SPDX-License-Identifier: MIT
// The whole of a processor: a real log, a plugin behind the ABI, its SQL, the projection.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../plugin/script.h"
#include "log/segment_log.hpp"
#include "plugin/library.hpp"
#include "rig.hpp"

namespace aludel {

namespace {

/// Runs SQL with one integer parameter. @return ALUDEL_OK or what went wrong
std::int32_t run_sql(aludel_call* call, const std::string& sql, std::uint64_t id) {
  aludel_statement* statement = nullptr;
  if (const auto result = call->host->prepare(call, sql.data(), sql.size(), &statement)) return result;
  aludel_value value{};
  value.type = ALUDEL_INTEGER;
  value.as.integer = static_cast<std::int64_t>(id);
  return call->host->run(call, statement, &value, 1, nullptr);
}

/// A plugin that inserts the id and the time of each event, over a log of segments on disk.
class PluginRig : public HandlerLog {
 public:
  PluginRig() {
    std::filesystem::create_directory(directory());
    auto opened =
        SegmentLog::open({.dir = temp.path() / "log", .segment_size = 16'384, .allocate_ahead = false});
    REQUIRE(opened);
    log = std::move(*opened);
    auto loaded = Library::load(std::filesystem::path(TEST_PLUGINS) / "scripted.so");
    REQUIRE(loaded);
    library = std::move(*loaded);
    handle = [](aludel_call* call, const aludel_event* event) {
      return run_sql(call, insert, event->id) == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
    };
    flush = [](aludel_call*) { return ALUDEL_HANDLED; };
  }

  void append(int count) {
    const std::vector<NewEvent> events(static_cast<std::size_t>(count),
                                       {.type = "deposit", .time_ns = event_time_ns});
    REQUIRE(log->append({.events = events}));
  }

  ProcessorState run() {
    stop.reset();
    const script script{this, dispatch};
    auto processor = Processor::open(
        {.name = "scripted",
         .directory = directory(),
         .config_json = "{\"script\":" + std::to_string(reinterpret_cast<std::uintptr_t>(&script)) + "}",
         .batch_size = 4},
        {
            .log = *log,
            .make_instance =
                [this](const Instance::Context& context) {
                  return library->instantiate("org.example.scripted", context);
                },
            .handler_log = *this,
            .on_state =
                [this](const ProcessorState& state) {
                  if (state.activity == Activity::waiting) stop.raise();
                },
            .clock = system_clock(),
        });
    REQUIRE(processor);
    return (*processor)->run(stop);
  }

  [[nodiscard]] std::filesystem::path directory() const { return temp.path() / "scripted"; }
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}

  static constexpr const char* insert = "insert into rows values (?, datetime('now'))";
  static constexpr std::int64_t event_time_ns = 741'000'000'000'000'000;  // 1993-06-25 09:20:00

  TempDir temp;
  std::unique_ptr<SegmentLog> log;
  std::unique_ptr<Library> library;
  Interrupt stop;
  std::function<std::int32_t(aludel_call*, const aludel_event*)> handle;
  std::function<std::int32_t(aludel_call*)> flush;
  std::vector<std::uint64_t> rolled_back;

 private:
  static std::int32_t dispatch(void* context, std::uint32_t stage, aludel_call* call,
                               const aludel_event* event, std::uint64_t first, std::uint64_t) {
    auto& rig = *static_cast<PluginRig*>(context);
    switch (stage) {
      case ALUDEL_STAGE_MIGRATE:
        return call->host->exec(call, ALUDEL_LIT("create table rows (id integer primary key, at text)"));
      case ALUDEL_STAGE_HANDLE: return rig.handle(call, event);
      case ALUDEL_STAGE_FLUSH: return rig.flush(call);
      case ALUDEL_STAGE_ROLLED_BACK: rig.rolled_back.push_back(first); return ALUDEL_HANDLED;
      default: return ALUDEL_HANDLED;
    }
  }
};

}  // namespace

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

}  // namespace aludel
