// SPDX-License-Identifier: MIT
#include "support/system_call_watch.hpp"

#include "base/assert.hpp"

namespace aludel {

namespace {

// What is called has no place for a pointer of ours; other threads find none.
thread_local SystemCallWatch* watch = nullptr;

/// Until it goes, the thread's calls are not seen.
class Away {
 public:
  Away() : watch_(watch) { watch = nullptr; }
  ~Away() { watch = watch_; }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  SystemCallWatch* const watch_;
};

}  // namespace

struct SystemCallWatch::Observer {
  static system_call_fate before(const system_call* call) {
    auto* const to_ask = watch;
    if (to_ask == nullptr) return SYSTEM_CALL_WHOLE;
    const Away away;
    return to_ask->before(*call);
  }
  static void after(const system_call* call) {
    auto* const to_tell = watch;
    if (to_tell == nullptr) return;
    const Away away;
    to_tell->after(*call);
  }
  static constexpr system_call_observer table{before, after};
};

SystemCallWatch::SystemCallWatch() {
  ALUDEL_ASSERT(watch == nullptr);
  watch = this;
  system_calls_observer = &Observer::table;
}

SystemCallWatch::~SystemCallWatch() {
  watch = nullptr;
}

}  // namespace aludel
