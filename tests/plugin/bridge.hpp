// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "plugin/library.hpp"
#include "script.h"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"
#include "test_plugins.hpp"

namespace aludel {

/// A log that keeps its lines.
class RecordedLog final : public HandlerLog {
 public:
  using Lines = std::vector<std::pair<LogLevel, std::string>>;

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::info; }
  void write(LogLevel level, std::string_view line, LogOrigin origin) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(level, line);
    origins_.push_back(origin);
  }
  [[nodiscard]] Lines lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  /// Whose the lines are, in their order.
  [[nodiscard]] std::vector<LogOrigin> origins() const {
    const std::lock_guard lock(mutex_);
    return origins_;
  }

 private:
  mutable std::mutex mutex_;
  Lines lines_;
  std::vector<LogOrigin> origins_;
};

/// Keeps what is emitted, with bytes of its own.
class RecordedEmits final : public EmitSink {
 public:
  struct One {
    std::string type, key, content_type, data;
    std::int64_t time_ns;
    std::uint64_t cause;
    std::uint32_t depth;
  };

  Result<void> add(const EmittedEvent& event) override {
    if (on_add) on_add();
    if (fails_with) return *fails_with;
    all.push_back({std::string(event.type), std::string(event.key), std::string(event.content_type),
                   std::string(event.data), event.time_ns, event.cause, event.depth});
    return {};
  }

  std::vector<One> all;
  std::optional<Error> fails_with;
  std::function<void()> on_add;
};

/// A handler of the plugin "scripted" between a test and the host: a test says what happens inside one of its
/// functions, on the plugin's side of the ABI.
///
///     Bridge bridge;
///     bridge.bring_up("create table t (a)");
///     CHECK(bridge.in(Stage::handle, [](aludel_call* call, ...) { ... }) == Outcome::handled);
class Bridge {
 public:
  using Action = std::function<std::int32_t(aludel_call*, const aludel_host*, const aludel_event*)>;

  /// @param prepare may make the projection's file before it is opened
  explicit Bridge(std::string_view handler = "org.example.scripted", bool with_projection = true,
                  const std::function<void(const std::filesystem::path&)>& prepare = nullptr,
                  const Allowance& allowance = {}) {
    if (prepare) prepare(dir_.path() / "projection.db");
    auto library = Library::load(test_plugin("scripted"));
    REQUIRE(library);
    library_ = std::move(*library);
    Instance::Context context{"p1", {}, nullptr, &log, nullptr, allowance};
    if (with_projection) {
      auto opened = Database::open(dir_.path() / "projection.db", Database::Mode::create);
      REQUIRE(opened);
      database_ = std::move(*opened);
      context.projection = database_.get();
      context.emits = &emits;
    }
    auto made = library_->instantiate(handler, context);
    REQUIRE(made);
    instance_ = std::move(*made);
    if (with_projection) execute("begin immediate");
    set_event(R"({"amount":5})");
  }
  ~Bridge() { instance_.reset(); }
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// create, migrate (which runs `schema`) and start.
  void bring_up(const std::string& schema = "create table t (a)") {
    REQUIRE(in(Stage::create, nothing) == Outcome::handled);
    REQUIRE(in(Stage::migrate, [&](aludel_call* call, const aludel_host* host, const aludel_event*) {
              return host->exec(call, schema.data(), schema.size()) == ALUDEL_OK ? ALUDEL_HANDLED
                                                                                 : ALUDEL_FAIL;
            }) == Outcome::handled);
    REQUIRE(in(Stage::start, nothing) == Outcome::handled);
  }

  /// Lets the instance run the plugin's function of this stage, and `action` inside it.
  Outcome in(Stage stage, Action action) {
    stage_ = stage;
    action_ = std::move(action);
    const auto outcome = run(stage);
    action_ = nullptr;
    return outcome;
  }

  /// The event that `handle` gets, with 64 bytes behind its data.
  void set_event(std::string data, std::uint64_t id = 7) {
    data_ = std::move(data);
    const auto size = data_.size();
    data_.append(64, '\0');
    event.id = id;
    event.time_ns = 1'709'208'000'000'000'000;
    event.type = "deposit";
    event.source = "/bank";
    event.key = "account-1";
    event.content_type = "application/json";
    event.data = std::string_view(data_).substr(0, size);
  }

  void execute(const char* sql) { REQUIRE(database_->execute(sql)); }
  /// The first column of the first row.
  std::string value(std::string_view sql) {
    auto statement = database_->prepare(sql);
    REQUIRE(statement);
    REQUIRE(statement->step().value());
    return std::string(statement->text(0));
  }

  Instance& instance() { return *instance_; }
  void destroy_instance() { instance_.reset(); }
  Database& database() { return *database_; }
  /// The stages of the plugin's functions that were called.
  [[nodiscard]] const std::vector<std::uint32_t>& calls() const { return calls_; }

  static std::int32_t nothing(aludel_call*, const aludel_host*, const aludel_event*) {
    return ALUDEL_HANDLED;
  }

  Event event;
  RecordedLog log;
  RecordedEmits emits;
  std::uint32_t flags = 0;
  std::uint32_t attempt = 1;
  std::uint64_t first_argument = 0;  ///< that the plugin's function got last
  std::uint64_t second_argument = 0;

 private:
  static std::int32_t on_call(void* context, std::uint32_t stage, aludel_call* call,
                              const aludel_event* event, std::uint64_t first, std::uint64_t second) {
    auto& self = *static_cast<Bridge*>(context);
    self.calls_.push_back(stage);
    self.first_argument = first;
    self.second_argument = second;
    if (stage != static_cast<std::uint32_t>(self.stage_) || !self.action_) return ALUDEL_HANDLED;
    return self.action_(call, call == nullptr ? nullptr : call->host, event);
  }

  Outcome run(Stage stage) {
    switch (stage) {
      case Stage::create: return instance_->create(config());
      case Stage::migrate: return instance_->migrate(0, 3);
      case Stage::start: return instance_->start();
      case Stage::handle: return instance_->handle(event, flags, attempt);
      case Stage::flush: return instance_->flush();
      case Stage::rolled_back: instance_->rolled_back(event.id); return Outcome::handled;
      case Stage::stop: instance_->stop(); return Outcome::handled;
      default: FAIL("no function of this stage is called"); return Outcome::fatal;
    }
  }

  std::string config() {
    return "{\"script\":" + std::to_string(reinterpret_cast<std::uintptr_t>(&script_)) + "}";
  }

  const TempDir dir_;
  script script_{this, on_call};
  std::unique_ptr<Database> database_;
  std::unique_ptr<Library> library_;
  std::unique_ptr<Instance> instance_;
  Stage stage_ = Stage::none;
  Action action_;
  std::string data_;
  std::vector<std::uint32_t> calls_;
};

}  // namespace aludel
