// SPDX-License-Identifier: MIT
#include "base/os/call_arbiter.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/os/call_answer.hpp"

namespace aludel::os {

namespace {

/// A message of one byte, beside which a descriptor goes.
struct Parcel {
  Parcel() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
  }

  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
};

// Caller and listener wake each other on the processor that they are on (Linux 6.6); the installed header may
// be too old for it (include/uapi/linux/seccomp.h).
constexpr auto set_flags = SECCOMP_IOW(4, std::uint64_t);
constexpr unsigned long wake_here = 1UL << 0;

// @return -1: the other end is gone
int receive_descriptor(int channel) {
  Parcel parcel;
  if (::recvmsg(channel, &parcel.message, 0) != 1) return -1;
  const auto* header = CMSG_FIRSTHDR(&parcel.message);
  if (header == nullptr) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

// @return false: nobody is left to answer
bool receive(int listener, Room<seccomp_notif>& call) {
  for (;;) {
    pollfd watched{listener, POLLIN, 0};
    if (::poll(&watched, 1, -1) < 0) continue;
    if ((watched.revents & POLLIN) == 0) return false;
    std::memset(&call, 0, sizeof call);  // as the kernel demands
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) return true;
    if (errno != EINTR && errno != ENOENT) return false;  // ENOENT: its caller was killed
  }
}

// What the guarded process says to a call. Once it has given an answer that is none it is not asked again,
// and each call goes its way.
seccomp_notif_resp ask(int& channel, const seccomp_notif& call) {
  seccomp_notif_resp said{};
  const bool asked = ::send(channel, &call, sizeof call, MSG_NOSIGNAL) == sizeof call;
  if (asked && ::recv(channel, &said, sizeof said, 0) == sizeof said && said.id == call.id) return said;
  channel = -1;  // but not closed: that would be the end of who listens there
  seccomp_notif_resp nothing{};
  nothing.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return nothing;
}

// Its process can write whatever it likes into what it says, and have any thread of its say it.
seccomp_notif_resp last_word(const CallRule* rule, const seccomp_notif& call,
                             const seccomp_notif_resp& said) {
  seccomp_notif_resp answer{};
  answer.id = call.id;
  if (rule == nullptr || rule->ruling != Ruling::watched) {
    answer.error = -EPERM;
  } else if ((said.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) != 0) {
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  } else {
    answer.error = said.error;
    answer.val = said.val;
  }
  return answer;
}

[[noreturn]] void arbitrate(int channel, const std::vector<CallRule>& rules) {
  ::prctl(PR_SET_DUMPABLE, 0);  // its memory is nobody's to write, where there is no Landlock too
  // What it has inherited is the guarded process's to close, locks among it.
  if (channel > 0) ::close_range(0, static_cast<unsigned>(channel) - 1, 0);
  ::close_range(static_cast<unsigned>(channel) + 1, ~0U, 0);
  const int listener = receive_descriptor(channel);
  ::ioctl(listener, set_flags, wake_here);
  Room<seccomp_notif> call;
  while (listener >= 0 && receive(listener, call)) {
    const auto said = ask(channel, call.value);
    Room<seccomp_notif_resp> answer;
    std::memset(&answer, 0, sizeof answer);
    answer.value =
        last_word(ruling_rule(rules, call.value.data.nr, arguments_of(call.value)), call.value, said);
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  ::_exit(0);
}

}  // namespace

Result<CallArbiter> start_arbiter(const std::vector<CallRule>& rules) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return os_error("make the socket over which refused calls are told", errno);
  Descriptor ours(ends[0]);
  const Descriptor its(ends[1]);
  // No signal to the group ends it before the others, and no handler runs in it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  // As fork, but no signal tells of its end: whoever waits for any child does not mean this one.
  const auto process = static_cast<int>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0));
  if (process == 0) arbitrate(its.number(), rules);
  const int error_number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (process < 0) return os_error("start the process that answers for refused calls", error_number);
  return CallArbiter{process, std::move(ours)};
}

Result<void> appoint(const CallArbiter& arbiter, int listener) {
  Parcel parcel;
  auto* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof listener);
  std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
  if (::sendmsg(arbiter.channel.number(), &parcel.message, MSG_NOSIGNAL) == 1) return {};
  return os_error("hand the listener for refused calls over", errno);
}

void dismiss(CallArbiter arbiter) {
  arbiter.channel = Descriptor();
  ::waitpid(arbiter.process, nullptr, __WALL);
}

}  // namespace aludel::os
