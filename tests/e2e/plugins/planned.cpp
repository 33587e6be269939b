// SPDX-License-Identifier: MIT
/// A handler that misbehaves by plan. An event's data says how, its rows show what stayed:
///
///     {"does": "fail", "in": "handle", "until": 2, "writes": true, "after_ms": 5, "decides": "retry"}
///
/// does: handled (default), skip, retry, fail, fatal, throw, bad_alloc, unknown, constraint, crash, die,
/// exit, overflow, wait (until the file "for" is there), need (fails as long as the file "for" is not). in:
/// validate, handle (default), flush, where it fails or dies; "blames" names the event in flush. until: the
/// last attempt at which it misbehaves. decides: what on_error answers: default, stop, skip, retry,
/// dead_letter, throw, die. "letter": it fails at the first attempt, and does so in its replay; crash always,
/// die never. Config: {"in": "migrate"} fails there, so does create; start dies; {"awaits": FILE} asks in
/// `create` to be called again until that is there.
#include <algorithm>
#include <aludel/plugin.hpp>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

class Planned {
 public:
  explicit Planned(const aludel::Config& config) : fails_in_(config.find<std::string>("/in").value_or("")) {
    if (fails_in_ == "create") throw aludel::fail("planned", "as planned in create");
    const auto awaited = config.find<std::string>("/awaits");
    if (awaited && !is_there(*awaited)) throw aludel::retry("planned", "not there yet");
  }

  static constexpr std::uint32_t projection_version = 1;
  void migrate(aludel::Call& call, std::uint32_t, std::uint32_t) {
    if (fails_in_ == "migrate") throw aludel::fail("planned", "as planned in migrate");
    call.exec("create table seen (id integer primary key, attempt integer not null)");
  }

  void start(aludel::Call&) {
    if (fails_in_ == "start") std::abort();
  }

  aludel::Outcome validate(aludel::Call& call, const aludel::Event& event) {
    return misbehaves(call, event, "validate") ? act(call, event) : aludel::Outcome::handled;
  }

  aludel::Outcome handle(aludel::Call& call, const aludel::Event& event) {
    const bool bad = misbehaves(call, event, "handle");
    if (misbehaves(call, event, "flush")) {
      choking_.push_back(event.id());
      blames_ = event.find<bool>("/blames").value_or(false);
      dies_ = event.json<std::string>("/does") == "die";
    }
    if (!bad || event.find<bool>("/writes").value_or(false)) {
      call.sql("insert into seen values (?, ?)").run(event.id(), call.attempt());
    }
    return bad ? act(call, event) : aludel::Outcome::handled;
  }

  void flush(aludel::Call&) {
    if (choking_.empty()) return;
    if (dies_) std::abort();
    auto failure = aludel::fail("planned", "as planned in flush");
    if (blames_) throw std::move(failure).blaming(choking_.front());
    throw failure;
  }
  void rolled_back(aludel::Call&, std::uint64_t id) {
    choking_.erase(std::remove_if(choking_.begin(), choking_.end(), [id](auto c) { return c >= id; }),
                   choking_.end());
  }

  aludel::Decision on_error(aludel::Call&, const aludel::Event& event, const aludel::Failure&) {
    using Action = aludel::Decision::Action;
    const auto decides = event.find<std::string>("/decides").value_or("default");
    if (decides == "die") std::abort();
    if (decides == "throw") throw std::runtime_error("on_error is at a loss");
    if (decides == "stop") return {Action::stop};
    if (decides == "skip") return {Action::skip};
    if (decides == "retry") return {Action::retry, std::chrono::milliseconds(1)};
    if (decides == "dead_letter") return {Action::dead_letter};
    return {};
  }

 private:
  static bool misbehaves(const aludel::Call& call, const aludel::Event& event, const std::string& stage) {
    return event.find<std::string>("/does").has_value() &&
           event.find<std::string>("/in").value_or("handle") == stage &&
           call.attempt() <= event.find<std::uint32_t>("/until").value_or(1'000'000);
  }

  static bool is_there(const std::string& file) { return ::access(file.c_str(), F_OK) == 0; }
  static void wait_for(const std::string& file) {
    while (!is_there(file))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  // Until there is no stack left.
  static int overflow(int depth) {
    volatile char frame[4096];
    frame[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : overflow(depth + 1) + frame[0];
  }

  aludel::Outcome act(aludel::Call& call, const aludel::Event& event) {
    const auto does = event.json<std::string>("/does");
    if (does == "skip") return aludel::Outcome::skip;
    if (does == "retry") {
      throw aludel::retry("planned", "as planned",
                          std::chrono::milliseconds(event.find<std::int64_t>("/after_ms").value_or(0)));
    }
    const bool is_letter = does == "crash" || (does == "wait" && event.find<bool>("/letter").value_or(false));
    if (does == "fail" || (is_letter && call.attempt() == 1)) throw aludel::fail("planned", "as planned");
    if (does == "wait") wait_for(event.json<std::string>("/for"));
    if (does == "need" && !is_there(event.json<std::string>("/for")))
      throw aludel::fail("down", "as planned");
    if (does == "fatal") throw aludel::fatal("planned", "as planned");
    if (does == "throw") throw std::runtime_error("as planned");
    if (does == "bad_alloc") throw std::bad_alloc();
    if (does == "crash" || does == "die") std::abort();
    if (does == "exit") std::exit(3);
    if (does == "overflow") call.sql("insert into seen values (?, 0)").run(overflow(0));
    if (does == "unknown") return static_cast<aludel::Outcome>(99);
    if (does == "constraint") call.sql("insert into seen values (?, null)").run(event.id());
    return aludel::Outcome::handled;
  }

  std::string fails_in_;
  std::vector<std::uint64_t> choking_;
  bool blames_ = false;
  bool dies_ = false;
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Planned>("test.planned", "1.0.0").on("plan"))
