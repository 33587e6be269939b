// SPDX-License-Identifier: MIT
#include "base/os/call_guard.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <linux/seccomp.h>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "base/os/landlock.hpp"
#include "base/os/privileges.hpp"
#include "base/os/process.hpp"
#include "support/forked.hpp"
#include "support/temp_dir.hpp"

namespace aludel::os {
namespace {

constexpr long newest = 469;

std::vector<CallRule> rules() {
  return {{SYS_openat, "openat", Ruling::watched, {}, 1, true, true},
          {SYS_getpriority, "getpriority", Ruling::refused},
          {SYS_mkdirat, "mkdirat", Ruling::watched, {}, 1, true},
          {SYS_getsid, "getsid", Ruling::absent}};
}

int priority_error() {
  return ::syscall(SYS_getpriority, 0, 0) < 0 ? errno : 0;
}

// Answers whatever calls the descriptor tells of, so that they are made.
void let_through(int descriptor) {
  for (;;) {
    seccomp_notif call{};
    const bool is_listener = ::ioctl(descriptor, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0;
    if (!is_listener && ::recv(descriptor, &call, sizeof call, 0) <= 0) return;
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (is_listener) {
      ::ioctl(descriptor, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    } else {
      ::send(descriptor, &answer, sizeof answer, MSG_NOSIGNAL);
    }
  }
}

// What a process says under these rules that does `work`, of its refusals one a line: "getpriority".
// @param work 0 if all is as expected  @param files what it is restricted to
template <typename Work>
std::string told_by(const Work& work, const std::optional<FileRules>& files = std::nullopt) {
  auto pipe = make_pipe();
  REQUIRE(pipe.has_value());
  const int writer = pipe->writer.number();
  const int failed = in_a_process([&] {
    const auto tell = [writer](const CallRule& rule, std::string_view path) {
      for (const auto part :
           {rule.name, std::string_view(path.empty() ? "" : " "), path, std::string_view("\n")}) {
        [[maybe_unused]] const auto size = ::write(writer, part.data(), part.size());
      }
    };
    if (!give_up_privileges() || (files && !restrict_files(*files))) return 98;
    const auto restricted = restrict_calls(rules(), newest, tell);
    if (!restricted || !*restricted) return 99;
    return work();
  });
  CHECK(failed == 0);
  pipe->writer = Descriptor();
  std::string told(4096, '\0');
  const auto size = ::read(pipe->reader.number(), told.data(), told.size());
  told.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return told;
}

}  // namespace

TEST_CASE("a refused call is EPERM and told, on each thread, whatever signals it blocks") {
  const auto work = [] {
    if (priority_error() != EPERM) return 1;
    int error = 0;
    std::thread([&error] {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
      error = priority_error();
    }).join();
    if (error != EPERM) return 2;
    errno = 0;
    return ::syscall(SYS_getsid, 0) < 0 && errno == ENOSYS ? 0 : 3;
  };
  CHECK(told_by(work) == "getpriority\ngetpriority\n");
}

TEST_CASE("a watched call is made as if nobody watched, and told if it is not permitted") {
  const TempDir dir;
  const auto file = dir.path() / "file";
  const auto pipe = dir.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto work = [&] {
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    struct stat about {};
    if (made < 0 || ::write(made, "here", 4) != 4) return 1;
    if (::fstat(made, &about) != 0 || (about.st_mode & 0777) != (0640 & ~0022)) return 2;
    if (::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL, 0640) >= 0 || errno != EEXIST) return 3;
    if (::open((dir.path() / "nowhere").c_str(), O_RDONLY) >= 0 || errno != ENOENT) return 4;
    if (::syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY) >= 0 || errno != EFAULT) return 5;
    if (::mkdirat(AT_FDCWD, "/proc/folder", 0700) == 0) return 6;
    // Each end waits for the other.
    int reader = -1;
    std::thread other([&] { reader = ::open(pipe.c_str(), O_RDONLY); });
    const int writer = ::open(pipe.c_str(), O_WRONLY);
    other.join();
    return reader >= 0 && writer >= 0 ? 0 : 7;
  };
  ::umask(0022);
  CHECK(told_by(work).empty());
  const auto denied = [&] { return ::open(file.c_str(), O_RDWR) < 0 && errno == EACCES ? 0 : 1; };
  CHECK(told_by(denied, FileRules{}) == "openat " + file.string() + "\n");
}

TEST_CASE("a process that was forked off has its own files, and refusals") {
  const TempDir dir;
  const auto file = dir.path() / "file";
  const auto work = [&] {
    return in_a_process([&] {
      const int made = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
      if (made < 0 || ::write(made, "here", 4) != 4) return 1;
      return priority_error() == EPERM ? 0 : 2;
    });
  };
  CHECK(told_by(work) == "getpriority\n");
  CHECK(std::filesystem::file_size(file) == 4);
}

TEST_CASE("who closes every descriptor is refused all the same, and waits for nobody") {
  const auto work = [] {
    ::close_range(3, 63, 0);
    if (priority_error() != EPERM || priority_error() != EPERM) return 1;
    return ::open("/dev/null", O_RDONLY) >= 0 ? 0 : 2;
  };
  CHECK(told_by(work).empty());
}

TEST_CASE("no descriptor of the process lets a refused call through") {
  const auto work = [] {
    for (int number = 3; number < 64; ++number) {
      for (int i = 0; i < 4; ++i)
        std::thread(let_through, number).detach();
    }
    for (int i = 0; i < 500; ++i) {
      if (priority_error() != EPERM) return 1;
    }
    return ::open("/dev/null", O_RDONLY) >= 0 ? 0 : 2;
  };
  told_by(work);
}

TEST_CASE("what is no answer to a call ends the telling only") {
  const auto work = [] {
    for (int number = 3; number < 64; ++number)
      ::send(number, "garbage", 7, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (int i = 0; i < 3; ++i) {
      if (priority_error() != EPERM) return 1;
    }
    return ::open("/dev/null", O_RDONLY) >= 0 ? 0 : 2;
  };
  told_by(work);
}

TEST_CASE("if nobody is left to answer its calls, the process ends") {
  const auto work = [] {
    if (!give_up_privileges() || !restrict_calls(rules(), newest, [](const auto&, auto) {})) return 99;
    int answering = 0;
    std::ifstream("/proc/self/task/" + std::to_string(::getpid()) + "/children") >> answering;
    if (answering <= 0 || ::kill(answering, SIGKILL) != 0) return 98;
    ::sleep(10);
    return 0;
  };
  CHECK(in_a_process(work) == -1);
}

TEST_CASE("where nobody is to be told the rules hold as well") {
  const auto work = [] {
    if (!give_up_privileges()) return 98;
    const auto restricted = restrict_calls(rules(), newest, nullptr);
    if (!restricted || *restricted) return 99;
    if (priority_error() != EPERM) return 1;
    return ::open("/dev/null", O_RDONLY) >= 0 ? 0 : 2;
  };
  CHECK(in_a_process(work) == 0);
}

}  // namespace aludel::os
