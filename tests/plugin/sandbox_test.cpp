// SPDX-License-Identifier: MIT
#include "plugin/sandbox.hpp"

#include <algorithm>
#include <asm/sockios.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <optional>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <doctest/doctest.h>

#include "plugin/sandbox_calls.hpp"

namespace aludel {
namespace {

using os::Arguments;
using os::Ruling;
using Words = std::vector<std::string>;

constexpr int self = 77;

// Nothing: it is allowed.
std::optional<Ruling> ruling(const CallPolicy& policy, long number, const Arguments& arguments = {}) {
  const auto rules = call_rules(policy);
  const auto* rule = os::ruling_rule(rules, number, arguments);
  if (rule == nullptr) return std::nullopt;
  return rule->ruling;
}

}  // namespace

TEST_CASE("what a plugin works with is allowed") {
  const CallPolicy old{self, false, false};
  for (const long number :
       {SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_fdatasync, SYS_futex, SYS_mmap, SYS_munmap,
        SYS_mprotect, SYS_close, SYS_lseek, SYS_ftruncate, SYS_exit_group, SYS_clock_gettime, SYS_getrandom,
        SYS_rt_sigaction, SYS_fcntl, SYS_ioctl}) {
    CAPTURE(number);
    CHECK_FALSE(ruling(old, number));
  }
  CHECK_FALSE(ruling(old, SYS_clone, {CLONE_VM | CLONE_THREAD | CLONE_SIGHAND}));
  CHECK_FALSE(ruling(old, SYS_kill, {self, 9}));
  CHECK_FALSE(ruling(old, SYS_tgkill, {self, 78, 6}));
  CHECK_FALSE(ruling(old, SYS_prlimit64, {0}));
  CHECK_FALSE(ruling(old, SYS_socketpair, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC}));
  CHECK_FALSE(ruling(old, SYS_prctl, {PR_SET_NAME}));
  CHECK(ruling(old, SYS_clone3) == Ruling::absent);
  CHECK(ruling(old, SYS_fchown) == Ruling::refused_quietly);
}

TEST_CASE("files are Landlock's to judge, and what it does not see is refused") {
  const CallPolicy old{self, false, false};
  const CallPolicy now{self, false, true};
  constexpr std::uint64_t here = static_cast<std::uint32_t>(AT_FDCWD);
  CHECK(ruling(old, SYS_openat, {here, 0, O_WRONLY | O_CREAT | O_TRUNC}) == Ruling::watched);
  CHECK(ruling(old, SYS_openat, {here, 0, O_RDONLY}) == Ruling::watched);
  CHECK(ruling(old, SYS_openat, {here, 0, O_RDONLY | O_TRUNC}) == Ruling::refused);
  CHECK(ruling(old, SYS_openat2) == Ruling::absent);
  CHECK(ruling(old, SYS_truncate) == Ruling::refused);
  CHECK(ruling(now, SYS_truncate) == Ruling::watched);
  for (const long number : {SYS_fchmodat, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_mknodat}) {
    CAPTURE(number);
    CHECK(ruling(now, number) == Ruling::refused);
  }
}

TEST_CASE("other processes, programs, devices and the system are out of reach") {
  const CallPolicy widest{self, true, true};
  for (const long number :
       {SYS_execve, SYS_execveat, SYS_ptrace, SYS_pidfd_send_signal, SYS_tkill, SYS_setns, SYS_unshare,
        SYS_mount, SYS_bpf, SYS_io_uring_setup, SYS_setsid, SYS_shmget, SYS_keyctl, SYS_userfaultfd}) {
    CAPTURE(number);
    CHECK(ruling(widest, number) == Ruling::refused);
  }
  CHECK(ruling(widest, SYS_kill, {1, 9}) == Ruling::refused);
  CHECK(ruling(widest, SYS_kill, {static_cast<std::uint64_t>(-1), 9}) == Ruling::refused);
  CHECK(ruling(widest, SYS_process_vm_writev, {1}) == Ruling::refused);
  CHECK(ruling(widest, SYS_prlimit64, {1}) == Ruling::refused);
  CHECK(ruling(widest, SYS_setpriority, {PRIO_USER, 0, 19}) == Ruling::refused);
  CHECK(ruling(widest, SYS_clone, {CLONE_NEWUSER | SIGCHLD}) == Ruling::refused);
  CHECK(ruling(widest, SYS_prctl, {PR_SET_PDEATHSIG}) == Ruling::refused);
  CHECK(ruling(widest, SYS_fcntl, {3, F_SETOWN}) == Ruling::refused);
  CHECK(ruling(widest, SYS_ioctl, {0, 0x5412}) == Ruling::refused);  // TIOCSTI
  CHECK(ruling(widest, SYS_clone, {CLONE_PARENT | SIGCHLD}) == Ruling::refused);
  CHECK(ruling(widest, SYS_seccomp, {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER}) ==
        Ruling::refused);
}

TEST_CASE("nobody is signalled by way of a file") {
  const CallPolicy widest{self, true, true};
  for (const auto command : std::initializer_list<std::uint64_t>{F_SETOWN, F_SETOWN_EX, F_SETSIG}) {
    CAPTURE(command);
    CHECK(ruling(widest, SYS_fcntl, {3, command}) == Ruling::refused);
  }
  for (const auto request : std::initializer_list<std::uint64_t>{FIOSETOWN, SIOCSPGRP}) {
    CAPTURE(request);
    CHECK(ruling(widest, SYS_ioctl, {3, request}) == Ruling::refused);
  }
}

TEST_CASE("those who wait on a page that is shared cannot be made to wait elsewhere") {
  const CallPolicy widest{self, true, true};
  for (const auto operation :
       std::initializer_list<std::uint64_t>{FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_CMP_REQUEUE_PI}) {
    CAPTURE(operation);
    CHECK(ruling(widest, SYS_futex, {0, operation}) == Ruling::refused);
    CHECK(ruling(widest, SYS_futex, {0, operation | FUTEX_CLOCK_REALTIME}) == Ruling::refused);
    CHECK_FALSE(ruling(widest, SYS_futex, {0, operation | FUTEX_PRIVATE_FLAG}));
  }
  CHECK(ruling(widest, 456) == Ruling::refused);  // futex_requeue
  for (const auto operation : std::initializer_list<std::uint64_t>{FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET})
    CHECK_FALSE(ruling(widest, SYS_futex, {0, operation}));
}

TEST_CASE("only with the network there are sockets, and those of this machine's programs never") {
  const CallPolicy without{self, false, true};
  const CallPolicy with{self, true, true};
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_PACKET, AF_VSOCK}) {
    CAPTURE(family);
    const bool common = family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    CHECK(ruling(without, SYS_socket, {static_cast<std::uint64_t>(family), SOCK_STREAM, 0}) ==
          Ruling::refused);
    CHECK(ruling(with, SYS_socket, {static_cast<std::uint64_t>(family), SOCK_STREAM, 0}).has_value() !=
          common);
  }
  CHECK(ruling(with, SYS_socket, {AF_NETLINK, SOCK_RAW, 15}) == Ruling::refused);
  CHECK(ruling(without, SYS_connect) == Ruling::refused);
  CHECK_FALSE(ruling(with, SYS_connect));
  // One of these could be pointed at any socket.
  CHECK(ruling(with, SYS_socketpair, {AF_UNIX, SOCK_DGRAM}) == Ruling::refused);
}

TEST_CASE("a plugin has threads, and no processes of its own") {
  const CallPolicy widest{self, true, true};
  CHECK_FALSE(ruling(widest, SYS_clone, {CLONE_VM | CLONE_THREAD | CLONE_SIGHAND}));
  CHECK(ruling(widest, SYS_clone, {SIGCHLD}) == Ruling::refused);
  CHECK(ruling(widest, SYS_clone, {CLONE_VM | CLONE_VFORK | SIGCHLD}) == Ruling::refused);
#ifdef SYS_fork
  CHECK(ruling(widest, SYS_fork) == Ruling::refused);
  CHECK(ruling(widest, SYS_vfork) == Ruling::refused);
#endif
}

TEST_CASE("what a kernel lacks is told, part by part") {
  const auto missing = [](int landlock, bool calls, bool tells) {
    return missing_parts(SandboxLevel::basic, {landlock, calls, tells});
  };
  CHECK(missing(6, true, true).empty());
  CHECK(missing(0, false, false) ==
        Words{"Landlock: files are not guarded", "seccomp: system calls are not guarded"});
  CHECK(missing(5, true, false) == Words{"Landlock 6: abstract sockets are not guarded, if network = true",
                                         "seccomp of Linux 5.19: what is denied is not logged"});
  CHECK(missing(1, true, true).size() == 2);
  CHECK(missing_parts(SandboxLevel::off, {}).empty());
}

TEST_CASE("a child gets the environment that it needs, and temporary files of its own") {
  ::setenv("SECRET", "x", 1);
  ::setenv("ALUDEL_WORD", "a=b", 1);
  ::setenv("LC_TIME", "C", 1);
  ::setenv("TMPDIR", "/elsewhere", 1);
  const auto has = [](const Words& variables, const char* variable) {
    return std::find(variables.begin(), variables.end(), variable) != variables.end();
  };
  const auto its = child_environment("/data/processors/x");
  CHECK(has(its, "ALUDEL_WORD=a=b"));
  CHECK(has(its, "LC_TIME=C"));
  CHECK(has(its, "TMPDIR=/data/processors/x"));
  CHECK(has(its, "SQLITE_TMPDIR=/data/processors/x"));
  CHECK_FALSE(has(its, "SECRET=x"));
  CHECK_FALSE(has(its, "TMPDIR=/elsewhere"));
  for (const auto* name : {"SECRET", "ALUDEL_WORD", "LC_TIME", "TMPDIR"})
    ::unsetenv(name);
}

}  // namespace aludel
