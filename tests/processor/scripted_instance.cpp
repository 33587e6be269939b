// SPDX-License-Identifier: MIT
#include "scripted_instance.hpp"

#include <algorithm>
#include <aludel/plugin.h>

#include <sqlite3.h>

namespace aludel {

Script::Script() {
  description.id = "org.example.scripted";
  description.version = "1.0.0";
  description.projection_version = 1;
  description.subscriptions = {{Subscription::Kind::exact, "wanted"}};
}

namespace {

using Words = std::vector<std::string>::const_iterator;

std::string line(Words begin, Words end) {
  std::string words;
  for (; begin != end; ++begin)
    words += (words.empty() ? "" : " ") + *begin;
  return words;
}

}  // namespace

std::string Script::life() const {
  return line(journal.begin(), journal.end());
}

std::string Script::work() const {
  const auto started = std::find(journal.begin(), journal.end(), "start");
  const auto begin = started == journal.end() ? started : started + 1;
  std::vector<std::string> words(begin, std::find(begin, journal.end(), "stop"));
  for (auto relay = words.begin(); (relay = std::find(relay, words.end(), "r")) != words.end();) {
    const bool removed = std::next(relay) != words.end() && *std::next(relay) == "c";
    relay = words.erase(relay, relay + (removed ? 2 : 1));
  }
  return line(words.begin(), words.end());
}

ScriptedInstance::ScriptedInstance(Script& script, const Context& context)
    : script_(script), database_(*context.projection), emits_(context.emits) {
  const auto before = [](void* self) {
    auto& instance = *static_cast<ScriptedInstance*>(self);
    if (instance.script_.at_commit) instance.script_.at_commit(instance.database_);
    return 0;
  };
  const auto after = [](void* self, sqlite3*, const char*, int) {
    auto& instance = *static_cast<ScriptedInstance*>(self);
    instance.note("c");
    if (instance.script_.committed) instance.script_.committed(instance.database_);
    return SQLITE_OK;
  };
  sqlite3_commit_hook(database_.handle(), before, this);
  sqlite3_wal_hook(database_.handle(), after, this);
}

ScriptedInstance::~ScriptedInstance() {
  note("destroy");
  sqlite3_commit_hook(database_.handle(), nullptr, nullptr);
  sqlite3_wal_hook(database_.handle(), nullptr, nullptr);
}

template <typename Body>
Outcome ScriptedInstance::call(Script::Deed* deed, const Body& body) {
  error_ = {};
  lost_ = false;
  sql_outcome_ = Outcome::handled;
  const auto changes = database_.total_changes();
  const bool in_transaction = database_.in_transaction();
  const bool misbehaves = deed != nullptr && deed->times > 0;
  if (misbehaves && !deed->sql.empty()) run(deed->sql);
  lost_ = in_transaction && !database_.in_transaction();
  if (!lost_ && (!misbehaves || deed->writes)) body();
  lost_ = in_transaction && !database_.in_transaction();
  wrote_ = database_.total_changes() != changes || sql_outcome_ != Outcome::handled;
  if (sql_outcome_ != Outcome::handled && !(misbehaves && deed->swallows)) return sql_outcome_;
  if (!misbehaves) return Outcome::handled;
  --deed->times;
  const bool succeeds = deed->outcome == Outcome::handled || deed->outcome == Outcome::skip;
  if (succeeds && lost_) {
    error_.code = "transaction_lost";
    return Outcome::fail;
  }
  if (!succeeds) {
    error_.code = deed->code;
    error_.message = "scripted";
    error_.retry_after = deed->retry_after;
    error_.event_id = deed->names;
  }
  return deed->outcome;
}

Outcome ScriptedInstance::create(std::string_view config_json) {
  script_.config = config_json;
  note("create");
  return call(&script_.create, [] {});
}

Outcome ScriptedInstance::migrate(std::uint32_t from, std::uint32_t to) {
  note("migrate " + std::to_string(from) + " " + std::to_string(to));
  return call(&script_.migrate, [&] {
    if (from == 0) run(script_.schema);
  });
}

Outcome ScriptedInstance::start() {
  note("start");
  return call(&script_.start, [] {});
}

Outcome ScriptedInstance::handle(const Event& event, std::uint32_t flags, std::uint32_t attempt) {
  if (script_.in_handle) script_.in_handle(event);
  const auto deed = script_.events.find(event.id);
  const bool misbehaves = deed != script_.events.end() && attempt <= deed->second.until;
  const auto outcome = call(misbehaves ? &deed->second : nullptr,
                            [&] { script_.gathers ? gathered_.push_back(event.id) : write(event.id); });
  const bool failed = outcome != Outcome::handled && outcome != Outcome::skip;
  note("h" + std::to_string(event.id) + ((flags & ALUDEL_CALL_REDELIVERY) != 0 ? "'" : "") +
       (attempt == 1 ? "" : "#" + std::to_string(attempt)) + (failed ? "!" : ""));
  return outcome;
}

Outcome ScriptedInstance::validate(const Event& event, std::uint32_t, std::uint32_t) {
  const auto deed = script_.validation.find(event.id);
  const auto outcome = call(deed == script_.validation.end() ? nullptr : &deed->second, [] {});
  if (outcome != Outcome::handled) note("v" + std::to_string(event.id) + "!");
  return outcome;
}

std::optional<Decision> ScriptedInstance::on_error(const Event& event, const EventFailure& failure) {
  note("e" + std::to_string(event.id));
  const auto decision = script_.on_error ? script_.on_error(event, failure) : Decision{};
  error_ = {};
  if (!decision) error_.code = "no_opinion";
  return decision;
}

Outcome ScriptedInstance::flush() {
  if (script_.in_flush) script_.in_flush(gathered_);
  const auto outcome = call(&script_.flush, [&] {
    for (const auto id : gathered_)
      write(id);
  });
  if (outcome == Outcome::handled) gathered_.clear();
  note(outcome == Outcome::handled ? "f" : "f!");
  return outcome;
}

void ScriptedInstance::rolled_back(std::uint64_t event_id) {
  note("u" + std::to_string(event_id));
  if (script_.in_rolled_back) script_.in_rolled_back();
  std::erase_if(gathered_, [&](std::uint64_t id) { return id >= event_id; });
}

void ScriptedInstance::stop() {
  note("stop");
}

void ScriptedInstance::write(std::uint64_t event_id) {
  const auto id = std::to_string(event_id);
  run("insert into rows values (" + id + ")");
  if (!script_.emits || sql_outcome_ != Outcome::handled) return;
  fail_unless(emits_->add({.type = "emitted",
                           .key = id,
                           .content_type = "text/plain",
                           .data = id,
                           .time_ns = 1,
                           .cause = event_id,
                           .depth = 1}));
}

// As the bridge does: a failure of the host's disk or memory is fatal, any other the event's; and nothing
// runs behind a statement that has ended the transaction.
void ScriptedInstance::run(const std::string& sql) {
  if (sql_outcome_ != Outcome::handled && !database_.in_transaction()) return;
  fail_unless(database_.execute(sql.c_str()));
}

void ScriptedInstance::fail_unless(const Result<void>& ran) {
  if (ran) return;
  sql_outcome_ = ran.error().code == ErrorCode::invalid ? Outcome::fail : Outcome::fatal;
  error_.code = to_string(ran.error().code);
  error_.message = ran.error().message;
}

}  // namespace aludel
