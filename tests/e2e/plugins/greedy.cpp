// SPDX-License-Identifier: MIT
/// A handler that takes what an event's data says, so that tests can see what holds it: {"takes": "memory"},
/// "c_memory" (which it does without), "cpu", "file" and "files" (which it gives back), "all_files",
/// "all_files_and_memory", "all_files_and_failure", "threads", "transaction", "lines", "null" (a pointer),
/// "stack"; "failure": it fails; nothing: it keeps a row. What it took it keeps.
#include <aludel/plugin.hpp>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

void* wait_for_ever(void*) {
  for (;;)
    ::pause();
}

__attribute__((noinline)) int follow(const volatile int* pointer) {
  return *pointer;
}

// NOLINTNEXTLINE(misc-no-recursion)
__attribute__((noinline)) int descend(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

class Greedy {
 public:
  static constexpr const char* migrations[] = {"create table seen (id integer primary key, data blob)"};

  void handle(aludel::Call& call, const aludel::Event& event) {
    const auto takes = event.find<std::string>("/takes").value_or("");
    if (takes == "failure") throw aludel::fail("asked", "as the event says");
    if (takes == "memory") take_memory();
    if (takes == "c_memory") take_c_memory();
    if (takes == "cpu") burn();
    if (takes == "files") take_files();
    if (takes == "all_files") keep_files();
    if (takes == "all_files_and_failure") {
      keep_files();
      throw aludel::fail("asked", "as the event says");
    }
    if (takes == "all_files_and_memory") {
      keep_files();
      take_memory();
    }
    if (takes == "file") take_file();
    if (takes == "threads") take_threads();
    if (takes == "transaction") take_transaction(call);
    if (takes == "null") (void)follow(nullptr);
    if (takes == "stack") (void)descend(0);
    if (takes == "lines") {
      for (int i = 0; i < 100; ++i)
        call.logger().info("line " + std::to_string(i));
    }
    call.sql("insert into seen values (?, null)").run(event.id());
  }

 private:
  void take_memory() {
    for (;;) {
      auto* block = new char[mebibyte];
      std::memset(block, 1, mebibyte);
      kept_.push_back(block);
    }
  }
  void take_c_memory() {
    void* last = nullptr;
    while (void* block = std::malloc(mebibyte)) {
      std::memset(block, 1, mebibyte);
      *static_cast<void**>(block) = last;
      last = block;
    }
    while (last != nullptr) {
      void* before = *static_cast<void**>(last);
      std::free(last);
      last = before;
    }
    throw aludel::fail("no_room", "malloc gave nothing");
  }
  static void burn() {
    for (volatile std::uint64_t i = 0;;)
      i = i + 1;
  }
  static void take_files() {
    int taken = 0;
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
      ++taken;
    const int reason = errno;
    // What it has found open before is the host's.
    for (int file = static_cast<int>(::sysconf(_SC_OPEN_MAX)) - 1, left = taken; left > 0; --file, --left)
      ::close(file);
    throw aludel::fail("no_files", std::strerror(reason));
  }
  static void keep_files() {
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
    }
  }
  static void take_file() {
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (file < 0) throw aludel::fail("no_file", std::strerror(errno));
    ::close(file);
  }
  static void take_threads() {
    for (int i = 0; i < 20; ++i) {
      pthread_t thread;
      if (::pthread_create(&thread, nullptr, wait_for_ever, nullptr) == 0) ::pthread_detach(thread);
    }
  }
  static void take_transaction(aludel::Call& call) {
    for (int i = 0; i < 120; ++i)
      call.sql("insert into seen values (?, zeroblob(1000000))").run(1'000'000 + i);
  }

  std::vector<char*> kept_;
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Greedy>("test.greedy", "1.0.0").on("take"))
