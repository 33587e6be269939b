// SPDX-License-Identifier: MIT
/// A plugin through the wrapper that throws and has a thread of its own. Built by Clang with libc++, it lives
/// in a process that uses another standard library.
#include <aludel/plugin.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace {

class Threaded {
 public:
  static constexpr const char* migrations[] = {
      "create table words (word text primary key, times integer not null)"};

  /// The thread logs once and then waits for stop().
  void start(aludel::Call& call) {
    thread_ = std::thread([this, log = call.logger()] {
      log.info("the thread runs");
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_; });
      log.info("the thread ends");
    });
  }

  void handle(aludel::Call& call, const aludel::Event& event) {
    const auto word = event.json<std::string>("/word");
    call.sql("insert into words values (?, 1) on conflict do update set times = times + 1").run(word);
    if (word == "fail") throw aludel::fail("bad_word", "the word is \"fail\"");
    if (word == "throw") throw std::runtime_error("thrown by the standard library's own type");
    if (word == "number") throw 7;
    if (word == "at") (void)std::string("short").at(99);  // thrown inside the standard library
    std::size_t letters = 0;
    for (auto [seen] : call.sql("select word from words").rows<std::string_view>())
      letters += seen.size();
    if (letters > 100)
      throw aludel::fatal("too_long", "the words have " + std::to_string(letters) + " letters");
  }

  void stop(aludel::Call&) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Threaded>("test.threaded", "1.0.0").on("word"))
