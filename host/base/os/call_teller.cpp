// SPDX-License-Identifier: MIT
#include "base/os/call_teller.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "base/assert.hpp"
#include "base/os/call_answer.hpp"

namespace aludel::os {

namespace {

constexpr std::size_t path_max = 4096;

/// An iovec whose address is nothing to us.
struct OwnMemory {
  std::uint64_t begin;
  std::uint64_t size;
};
static_assert(sizeof(OwnMemory) == sizeof(iovec));

// By the thread's number: a process that was forked off has other descriptors and other memory.
bool is_ours(std::uint32_t thread) {
  return ::syscall(SYS_tgkill, ::getpid(), thread, 0) == 0;
}

std::uint64_t path_argument(const CallRule& rule, const Arguments& arguments) {
  return arguments[static_cast<std::size_t>(rule.path)];
}
int folder_of(const CallRule& rule, const Arguments& arguments) {
  return rule.at ? static_cast<int>(arguments[static_cast<std::size_t>(rule.path) - 1]) : AT_FDCWD;
}

// What opens a pipe waits for its other end, and this thread has others to answer.
bool may_wait(const CallRule& rule, const Arguments& arguments) {
  struct stat about {};
  return rule.opens &&
         ::syscall(SYS_newfstatat, folder_of(rule, arguments), path_argument(rule, arguments), &about, 0) ==
             0 &&
         S_ISFIFO(about.st_mode);
}

void make(const CallRule& rule, const Arguments& a, seccomp_notif_resp& answer) {
  const auto result = ::syscall(rule.number, a[0], a[1], a[2], a[3], a[4], a[5]);
  answer.error = result < 0 ? -errno : 0;
  answer.val = result < 0 ? 0 : result;
}

// Through the kernel, as the memory may be gone by now.
std::string_view path_of(const CallRule& rule, const Arguments& arguments, char (&text)[path_max]) {
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

}  // namespace

CallTeller::CallTeller(std::vector<CallRule> rules, OnRefused on_refused)
    : rules_(std::move(rules)), on_refused_(std::move(on_refused)) {}

void CallTeller::serve(int channel) const {
  for (;;) {
    seccomp_notif call;
    const auto size = ::recv(channel, &call, sizeof call, 0);
    if (size == 0) ::kill(::getpid(), SIGKILL);
    if (size != sizeof call) return;
    const auto said = answer(call);
    if (::send(channel, &said, sizeof said, MSG_NOSIGNAL) != sizeof said) return;
  }
}

// A call whose caller is killed meanwhile is that of a process that ends: a signal that kills, kills it
// whole.
seccomp_notif_resp CallTeller::answer(const seccomp_notif& call) const {
  seccomp_notif_resp answer{};
  answer.id = call.id;
  const auto arguments = arguments_of(call);
  const auto* rule = ruling_rule(rules_, call.data.nr, arguments);
  ALUDEL_ASSERT(rule != nullptr);  // the program that has asked goes by the same rules
  const bool ours = is_ours(call.pid);
  if (rule->ruling != Ruling::watched) {
    answer.error = -EPERM;
  } else if (!ours || may_wait(*rule, arguments)) {
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  } else {
    make(*rule, arguments, answer);
  }
  if (answer.error == -EPERM || answer.error == -EACCES) {
    char text[path_max];
    on_refused_(*rule, ours ? path_of(*rule, arguments, text) : std::string_view());
  }
  return answer;
}

}  // namespace aludel::os
