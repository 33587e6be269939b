// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../plugin/script.h"
#include "log/segment_log.hpp"
#include "plugin/library.hpp"
#include "rig.hpp"

namespace aludel {

/// Appends to the log itself, as a processor on a thread of the host does.
class DirectAppender final : public Appender {
 public:
  explicit DirectAppender(EventLog& log) : log_(log) {}
  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt&) override {
    const auto appended = log_.append(request);
    if (!appended) return appended.error();
    return request.sequence + request.events.size();
  }

 private:
  EventLog& log_;
};

/// Runs SQL with one integer parameter. @return ALUDEL_OK or what went wrong
inline std::int32_t run_sql(aludel_call* call, const std::string& sql, std::uint64_t id) {
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
    on_state = [this](const ProcessorState& state) {
      if (state.activity == Activity::waiting) stop.raise();
    };
  }

  void append(int count) {
    NewEvent event;
    event.type = "deposit";
    event.time_ns = event_time_ns;
    const std::vector<NewEvent> events(static_cast<std::size_t>(count), event);
    REQUIRE(log->append({.events = events}));
  }

  Result<std::unique_ptr<Processor>> open() {
    stop.reset();
    appender_.emplace(*log);
    return Processor::open(
        {.name = "scripted",
         .directory = directory(),
         .config_json = "{\"script\":" + std::to_string(reinterpret_cast<std::uintptr_t>(&script_)) + "}",
         .batch_size = 4,
         .error_policy = policy},
        {
            .log = *log,
            .make_instance =
                [this](const Instance::Context& context) {
                  return library->instantiate("org.example.scripted", context);
                },
            .handler_log = *this,
            .on_state = on_state,
            .clock = *clock,
            .appender = relays ? &*appender_ : nullptr,
        });
  }

  ProcessorState run() {
    auto processor = open();
    REQUIRE(processor);
    return (*processor)->run(stop);
  }

  [[nodiscard]] std::filesystem::path directory() const { return temp.path() / "scripted"; }
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, LogOrigin) override {}

  static constexpr const char* insert = "insert into rows values (?, datetime('now'))";
  static constexpr std::int64_t event_time_ns = 741'000'000'000'000'000;  // 1993-06-25 09:20:00

  TempDir temp;
  std::unique_ptr<SegmentLog> log;
  std::unique_ptr<Library> library;
  Interrupt stop;
  std::function<std::int32_t(aludel_call*, const aludel_event*)> handle;
  std::function<std::int32_t(aludel_call*)> flush;
  std::vector<std::uint64_t> rolled_back;
  Processor::OnState on_state;
  ErrorPolicy policy;
  bool relays = true;  ///< what is emitted, to the log
  FakeClock stands_still;
  const Clock* clock = &stands_still;  ///< no batch is over before its size, however busy the machine is

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

  const script script_{this, dispatch};
  std::optional<DirectAppender> appender_;
};

}  // namespace aludel
