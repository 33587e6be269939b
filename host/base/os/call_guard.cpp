// SPDX-License-Identifier: MIT
#include "base/os/call_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <linux/seccomp.h>
#include <memory>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace aludel::os {

namespace {

constexpr std::uint32_t permission_denied = SECCOMP_RET_ERRNO | EPERM;
constexpr Verdicts silent{permission_denied, SECCOMP_RET_ALLOW};
constexpr Verdicts telling{SECCOMP_RET_USER_NOTIF, SECCOMP_RET_USER_NOTIF};
// Once the call is in the other thread's hands no signal makes its caller begin it again.
constexpr unsigned long listener_flags =
    SECCOMP_FILTER_FLAG_NEW_LISTENER | (1UL << 5) /* WAIT_KILLABLE_RECV, Linux 5.19 */;

// @return the listener's descriptor where the flags ask for one
int install(const std::vector<sock_filter>& program, unsigned long flags) {
  const sock_fprog what{static_cast<unsigned short>(program.size()),
                        const_cast<sock_filter*>(program.data())};
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &what));
}

// Whether the kernel knows the flags: it looks at them before it looks for a program where none is.
bool knows(unsigned long flags) {
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

constexpr std::size_t path_max = 4096;

// As large as any kernel's, which copies what it has.
template <typename T>
union Room {
  T value;
  char bytes[512];
};

/// An iovec whose address is nothing to us.
struct OwnMemory {
  std::uint64_t begin;
  std::uint64_t size;
};
static_assert(sizeof(OwnMemory) == sizeof(iovec));

/// The thread that answers.
class Teller {
 public:
  Teller(std::vector<CallRule> rules, OnRefused on_refused)
      : rules_(std::move(rules)), on_refused_(std::move(on_refused)) {}

  void serve(int listener) const {
    Room<seccomp_notif> call;
    for (;;) {
      std::memset(&call, 0, sizeof call);  // as the kernel demands
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        if (errno == EINTR || errno == ENOENT) continue;  // its caller was killed
        return;                                           // somebody has closed the descriptor
      }
      answer(listener, call.value);
    }
  }

 private:
  void answer(int listener, const seccomp_notif& call) const {
    Arguments arguments;
    std::copy_n(call.data.args, arguments.size(), arguments.begin());
    const auto* rule = ruling_rule(rules_, call.data.nr, arguments);
    ALUDEL_ASSERT(rule != nullptr);  // the program that has asked goes by the same rules
    const bool ours = is_ours(call.pid);
    Room<seccomp_notif_resp> answer;
    std::memset(&answer, 0, sizeof answer);
    answer.value.id = call.id;
    if (rule->ruling != Ruling::watched) {
      answer.value.error = -EPERM;
    } else if (!ours || may_wait(*rule, arguments)) {
      answer.value.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else {
      make(*rule, arguments, answer.value);
    }
    const int error = answer.value.error;
    if (error == -EPERM || error == -EACCES) {
      char text[path_max];
      on_refused_(*rule, ours ? path_of(*rule, arguments, text) : std::string_view());
    }
    const bool taken = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
    const bool has_opened = rule->opens && ours && answer.value.flags == 0 && error == 0;
    if (!taken && has_opened) ::close(static_cast<int>(answer.value.val));  // its caller was killed meanwhile
  }

  // By the thread's number: a process that was forked off has other descriptors and other memory.
  static bool is_ours(std::uint32_t thread) { return ::syscall(SYS_tgkill, ::getpid(), thread, 0) == 0; }

  // What opens a pipe waits for its other end, and this thread has others to answer.
  static bool may_wait(const CallRule& rule, const Arguments& arguments) {
    struct stat about {};
    return rule.opens &&
           ::syscall(SYS_newfstatat, folder_of(rule, arguments), path_argument(rule, arguments), &about, 0) ==
               0 &&
           S_ISFIFO(about.st_mode);
  }

  static void make(const CallRule& rule, const Arguments& a, seccomp_notif_resp& answer) {
    const auto result = ::syscall(rule.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    answer.error = result < 0 ? -errno : 0;
    answer.val = result < 0 ? 0 : result;
  }

  static std::uint64_t path_argument(const CallRule& rule, const Arguments& arguments) {
    return arguments[static_cast<std::size_t>(rule.path)];
  }
  static int folder_of(const CallRule& rule, const Arguments& arguments) {
    return rule.at ? static_cast<int>(arguments[static_cast<std::size_t>(rule.path) - 1]) : AT_FDCWD;
  }

  // Through the kernel, as the memory may be gone by now.
  static std::string_view path_of(const CallRule& rule, const Arguments& arguments, char (&text)[path_max]) {
    if (rule.path < 0) return {};
    // Page by page: what lies behind the path's end need not be there.
    constexpr std::size_t page = 4096;
    const auto begin = path_argument(rule, arguments);
    std::size_t size = 0;
    while (size < sizeof text) {
      const iovec to{text + size, std::min(sizeof text - size, page - (begin + size) % page)};
      const OwnMemory from{begin + size, to.iov_len};
      const auto got = ::syscall(SYS_process_vm_readv, ::getpid(), &to, 1, &from, 1, 0);
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
      if (std::memchr(to.iov_base, '\0', static_cast<std::size_t>(got)) != nullptr) break;
    }
    return {text, ::strnlen(text, size)};
  }

  const std::vector<CallRule> rules_;
  const OnRefused on_refused_;
};

/// What two threads tell each other while both are restricted.
struct Handover {
  std::promise<bool> restricted;  ///< the one that answers
  std::promise<int> listener;     ///< -1: there is none
};

// No signal's handler is to run on it: that might wait for what it is to answer.
Result<void> start_without_signals(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::string failure;
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error& error) {
    failure = error.what();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure.empty()) return {};
  return Error(ErrorCode::limit, "start the thread that tells of refused calls: " + failure);
}

Error not_restricted(int error_number) {
  return os_error("restrict system calls", error_number);
}

// That thread has to be there before the filter which it answers for, so it takes one of its own.
Result<bool> restrict_and_tell(const std::vector<sock_filter>& mine, const std::vector<sock_filter>& its,
                               std::vector<CallRule> rules, OnRefused on_refused) {
  const auto handover = std::make_shared<Handover>();  // owned by both, whichever lets go of it last
  auto started =
      start_without_signals([handover, its, teller = Teller(std::move(rules), std::move(on_refused))]() {
        handover->restricted.set_value(install(its, 0) == 0);
        const int listener = handover->listener.get_future().get();
        if (listener >= 0) teller.serve(listener);
      });
  if (!started) return started.error();
  if (!handover->restricted.get_future().get()) {
    handover->listener.set_value(-1);
    return Error(ErrorCode::unsupported, "restrict system calls on a thread: the kernel refuses it");
  }
  const int listener = install(mine, listener_flags);
  const int error_number = errno;
  handover->listener.set_value(listener);
  if (listener >= 0) return true;
  if (error_number == EBUSY) return false;  // whoever has started this process listens already
  return not_restricted(error_number);
}

}  // namespace

CallGuard call_guard() {
  if (!knows(0)) return CallGuard::none;
  return knows(listener_flags) ? CallGuard::telling : CallGuard::silent;
}

Result<bool> restrict_calls(std::vector<CallRule> rules, long newest, OnRefused on_refused) {
  const auto guard = call_guard();
  if (guard == CallGuard::none) {
    return Error(ErrorCode::unsupported, "restrict system calls: this kernel has no seccomp");
  }
  const auto quiet = compile(rules, newest, silent);
  if (guard == CallGuard::telling && on_refused) {
    const auto heard = compile(rules, newest, telling);
    auto told = restrict_and_tell(heard, quiet, std::move(rules), std::move(on_refused));
    if (!told || *told) return told;
  }
  if (install(quiet, 0) != 0) return not_restricted(errno);
  return false;
}

}  // namespace aludel::os
