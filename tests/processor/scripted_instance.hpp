// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugin/instance.hpp"

namespace aludel {

/// What a `ScriptedInstance` does, and what was done to it; outlives it, so that it tells of several runs.
///
/// It keeps a table `rows` with the ids of the events that it handled. By default it writes in `handle`; with
/// `gathers` it keeps them in memory and writes in `flush`.
struct Script {
  /// How an event, or a function, misbehaves.
  struct Deed {
    Outcome outcome = Outcome::handled;
    bool writes = true;  ///< its row, before it fails or skips
    std::string code = "boom";
    std::uint32_t until = 1'000'000;                    ///< the last attempt at which it misbehaves
    int times = 1'000'000;                              ///< how often; afterwards it behaves
    std::optional<std::uint64_t> names = std::nullopt;  ///< in flush: the event at fault
    std::string sql = {};   ///< run before anything else; if it fails, so does the event
    bool swallows = false;  ///< ... or not: what SQL says is ignored
    std::chrono::milliseconds retry_after{0};
  };

  std::map<std::uint64_t, Deed> events;
  std::map<std::uint64_t, Deed> validation;  ///< how `validate` misbehaves; it never writes
  Deed create, migrate, start, flush;
  std::function<std::optional<Decision>(const Event&, const Instance::EventFailure&)> on_error;
  bool gathers = false;
  bool emits = false;  ///< with each row an event of type "emitted", its key the event's id
  std::string schema = "create table rows (id integer primary key) strict";
  HandlerDescription description;
  std::string config;  ///< that `create` was given last

  std::function<void(const Event&)> in_handle;  ///< called first in `handle`
  std::function<void(const std::vector<std::uint64_t>& gathered)> in_flush;
  std::function<void()> in_rolled_back;
  std::function<void(Database&)> at_commit;  ///< just before the projection commits
  std::function<void(Database&)> committed;  ///< just after

  /// Everything that happened, in order: "create", "migrate 0 1", "start", "h7" handle, "h7'" handle as a
  /// redelivery, "h7#2" a second attempt, "h7!" it failed, "v7!" validate failed, "e7" on_error, "f" flush,
  /// "f!" it failed, "u7" rolled_back from 7, "c" the projection committed, "r" emitted events were given to
  /// the log, "stop", "destroy".
  std::vector<std::string> journal;
  /// The journal as one line.
  [[nodiscard]] std::string life() const;
  /// The journal from `start` to `stop`, both excluded, as one line, without the relays and their commits.
  [[nodiscard]] std::string work() const;

  Script();
};

/// A handler at the processor's seam, over a real projection.
class ScriptedInstance final : public Instance {
 public:
  ScriptedInstance(Script& script, const Context& context);
  ~ScriptedInstance() override;

  Outcome create(std::string_view config_json) override;
  [[nodiscard]] const HandlerDescription& description() const override { return script_.description; }
  Outcome migrate(std::uint32_t from, std::uint32_t to) override;
  Outcome start() override;
  Outcome validate(const Event& event, std::uint32_t flags, std::uint32_t attempt) override;
  Outcome handle(const Event& event, std::uint32_t flags, std::uint32_t attempt) override;
  Outcome flush() override;
  void rolled_back(std::uint64_t event_id) override;
  std::optional<Decision> on_error(const Event& event, const EventFailure& failure) override;
  void stop() override;
  [[nodiscard]] const HandlerError& error() const override { return error_; }
  [[nodiscard]] bool wrote() const override { return wrote_; }
  [[nodiscard]] bool transaction_lost() const override { return lost_; }

 private:
  void note(const std::string& what) { script_.journal.push_back(what); }
  void write(std::uint64_t event_id);
  void run(const std::string& sql);
  void fail_unless(const Result<void>& ran);
  // Runs `body` as one call of the plugin: notices writes, a lost transaction, SQL that failed.
  template <typename Body>
  Outcome call(Script::Deed* deed, const Body& body);

  Script& script_;
  Database& database_;
  EmitSink* emits_;
  HandlerError error_;
  bool wrote_ = false;
  bool lost_ = false;
  Outcome sql_outcome_ = Outcome::handled;
  std::vector<std::uint64_t> gathered_;
};

}  // namespace aludel
