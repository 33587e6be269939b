// SPDX-License-Identifier: MIT
#include "base/os/call_guard.hpp"

#include <cerrno>
#include <csignal>
#include <future>
#include <linux/seccomp.h>
#include <memory>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/os/call_arbiter.hpp"

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

/// What two threads tell each other while both are restricted.
struct Handover {
  std::promise<bool> restricted;     ///< the one that tells
  std::promise<Descriptor> channel;  ///< invalid: there is nobody to tell
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

using TellerStarted = std::shared_ptr<Handover>;  // owned by both, whichever lets go of it last

// It has to be there before the filter that its calls are not to be held by, so it takes one of its own.
Result<TellerStarted> start_teller(const std::vector<sock_filter>& its, CallTeller teller) {
  auto handover = std::make_shared<Handover>();
  auto started = start_without_signals([handover, its, teller = std::move(teller)]() {
    handover->restricted.set_value(install(its, 0) == 0);
    const auto channel = handover->channel.get_future().get();
    if (channel.valid()) teller.serve(channel.number());
  });
  if (!started) return started.error();
  if (handover->restricted.get_future().get()) return handover;
  handover->channel.set_value({});
  return Error(ErrorCode::unsupported, "restrict system calls on a thread: the kernel refuses it");
}

// @return false: whoever has started this process listens already
Result<bool> restrict_and_appoint(const std::vector<sock_filter>& program, const CallArbiter& arbiter) {
  const Descriptor listener(install(program, listener_flags));
  if (!listener.valid()) return errno == EBUSY ? Result<bool>(false) : not_restricted(errno);
  if (auto appointed = appoint(arbiter, listener.number()); !appointed) return appointed.error();
  return true;
}

Result<bool> restrict_and_tell(const std::vector<sock_filter>& program, const std::vector<sock_filter>& quiet,
                               std::vector<CallRule> rules, OnRefused on_refused) {
  auto arbiter = start_arbiter(rules);
  if (!arbiter) return arbiter.error();
  const auto teller = start_teller(quiet, CallTeller(std::move(rules), std::move(on_refused)));
  auto told = teller ? restrict_and_appoint(program, *arbiter) : Result<bool>(teller.error());
  if (told && *told) {
    (*teller)->channel.set_value(std::move(arbiter->channel));
    return true;
  }
  if (teller) (*teller)->channel.set_value({});
  dismiss(std::move(*arbiter));
  return told;
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
    const auto program = compile(rules, newest, telling);
    auto told = restrict_and_tell(program, quiet, std::move(rules), std::move(on_refused));
    if (!told || *told) return told;
  }
  if (install(quiet, 0) != 0) return not_restricted(errno);
  return false;
}

}  // namespace aludel::os
