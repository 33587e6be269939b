// SPDX-License-Identifier: MIT
#include "plugin/sandbox_calls.hpp"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace aludel {

namespace {

using os::ArgumentTest;
using os::CallRule;
using os::Ruling;
using Rules = std::vector<CallRule>;

// Calls that the installed header may be too old for; their numbers are the same everywhere
// (include/uapi/asm-generic/unistd.h of Linux 6.17).
constexpr long fchmodat2_number = 452;
constexpr long futex_requeue_number = 456;
constexpr long setxattrat_number = 463;
constexpr long removexattrat_number = 466;
constexpr long open_tree_attr_number = 467;
constexpr long file_setattr_number = 469;

constexpr std::uint32_t every_bit = ~std::uint32_t{0};
constexpr std::uint32_t new_namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t socket_kind = 0xf;  // of socket types, without the flags

ArgumentTest is(int argument, std::uint32_t value, std::uint32_t mask = every_bit) {
  return {argument, mask, value, true};
}
ArgumentTest is_not(int argument, std::uint32_t value, std::uint32_t mask = every_bit) {
  return {argument, mask, value, false};
}

struct Call {
  long number;
  const char* name;
};
#define CALL(name)    \
  Call {              \
    SYS_##name, #name \
  }

void refuse(Rules& rules, std::initializer_list<Call> calls, const std::vector<ArgumentTest>& when = {}) {
  for (const auto& call : calls)
    rules.push_back({call.number, call.name, Ruling::refused, when});
}

// Who can read a page can wake those who wait on it, which they expect, but also have them wait elsewhere for
// ever: on the tip page all processors wait. Among a process's own threads it is harmless, and libraries do
// it.
void add_waiting(Rules& rules) {
  constexpr std::uint32_t flags = FUTEX_CLOCK_REALTIME;
  for (const auto operation :
       std::initializer_list<std::uint32_t>{FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_CMP_REQUEUE_PI}) {
    refuse(rules, {CALL(futex)}, {is(1, operation, ~flags)});
  }
  refuse(rules, {Call{futex_requeue_number, "futex_requeue"}});  // its flags lie in memory
}

// What others may be reached by: descriptors that the child has are its own, files that it can only read are
// not to be changed through them all the same.
void add_often_called(Rules& rules, const CallPolicy& policy) {
  const auto self = static_cast<std::uint32_t>(policy.process);
  for (const int command : {F_SETLEASE, F_SETOWN, F_SETOWN_EX, F_SETSIG})
    refuse(rules, {CALL(fcntl)}, {is(1, static_cast<std::uint32_t>(command))});
  for (const auto request :
       std::initializer_list<std::uint32_t>{TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP, FS_IOC_SETFLAGS,
                                            FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY}) {
    refuse(rules, {CALL(ioctl)}, {is(1, request)});
  }
  refuse(rules, {CALL(kill)}, {is_not(0, self), is_not(0, 0)});
  refuse(rules, {CALL(tgkill), CALL(rt_sigqueueinfo), CALL(rt_tgsigqueueinfo)}, {is_not(0, self)});
  refuse(rules, {CALL(tkill), CALL(pidfd_send_signal)});
}

// Files: Landlock judges, and what it does not know is refused.
void add_files(Rules& rules, const CallPolicy& policy) {
  const auto watch = [&](const Call& call, int path, bool at, bool opens = false) {
    rules.push_back({call.number, call.name, Ruling::watched, {}, path, at, opens});
  };
  const auto refuse_path = [&](const Call& call, int path, const std::vector<ArgumentTest>& when = {}) {
    rules.push_back({call.number, call.name, Ruling::refused, when, path});
  };
  // Landlock before version 3 takes no notice of it; nobody means it.
  constexpr std::uint32_t truncating = O_TRUNC | O_ACCMODE;
  refuse_path(CALL(openat), 1, {is(2, O_TRUNC | O_RDONLY, truncating)});
  watch(CALL(openat), 1, true, true);
  watch(CALL(unlinkat), 1, true);
  watch(CALL(mkdirat), 1, true);
  watch(CALL(linkat), 1, true);
  watch(CALL(symlinkat), 2, true);
  watch(CALL(renameat2), 1, true);
  if (policy.sees_truncate) {
    watch(CALL(truncate), 0, false);
  } else {
    refuse_path(CALL(truncate), 0);
  }
#ifdef SYS_renameat
  watch(CALL(renameat), 1, true);
#endif
#ifdef SYS_open  // and others that newer architectures do without
  refuse_path(CALL(open), 0, {is(1, O_TRUNC | O_RDONLY, truncating)});
  watch(CALL(open), 0, false, true);
  watch(CALL(creat), 0, false, true);
  watch(CALL(unlink), 0, false);
  watch(CALL(rmdir), 0, false);
  watch(CALL(mkdir), 0, false);
  watch(CALL(link), 0, false);
  watch(CALL(symlink), 1, false);
  watch(CALL(rename), 0, false);
  for (const auto& call : {CALL(chmod), CALL(chown), CALL(lchown), CALL(utime), CALL(utimes), CALL(mknod)})
    refuse_path(call, 0);
  refuse_path(CALL(futimesat), 1);
#endif
  rules.push_back({SYS_openat2, "openat2", Ruling::absent});  // its flags are not to be seen: openat serves
  for (const auto& call :
       {CALL(fchmodat), Call{fchmodat2_number, "fchmodat2"}, CALL(fchownat), CALL(utimensat), CALL(mknodat),
        Call{setxattrat_number, "setxattrat"}, Call{removexattrat_number, "removexattrat"},
        Call{file_setattr_number, "file_setattr"}})
    refuse_path(call, 1);
  for (const auto& call : {CALL(setxattr), CALL(lsetxattr), CALL(removexattr), CALL(lremovexattr)})
    refuse_path(call, 0);
  refuse(rules, {CALL(fsetxattr), CALL(fremovexattr), CALL(open_by_handle_at)});
  // SQLite asks for them with each file that it makes.
  for (const auto& call : {CALL(fchmod), CALL(fchown)})
    rules.push_back({call.number, call.name, Ruling::refused_quietly});
}

// Other processes, programs, and what survives the processor's own. It has threads only: each process would
// have limits of its own, and what is left over of an event would run on.
void add_processes(Rules& rules, const CallPolicy& policy) {
  const auto self = static_cast<std::uint32_t>(policy.process);
  rules.push_back({SYS_clone3, "clone3", Ruling::absent});  // its flags are not to be seen: clone serves
  refuse(rules, {CALL(clone)}, {is_not(0, 0, new_namespaces)});
  // A listener of its own would be asked in the place of ours.
  refuse(rules, {CALL(seccomp)}, {is(1, SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_NEW_LISTENER)});
  refuse(rules, {CALL(clone)}, {is(0, 0, CLONE_THREAD)});
#ifdef SYS_fork
  refuse(rules, {CALL(fork), CALL(vfork)});
#endif
  rules.push_back({SYS_execve, "execve", Ruling::refused, {}, 0});
  rules.push_back({SYS_execveat, "execveat", Ruling::refused, {}, 1});
  refuse(rules, {CALL(ptrace), CALL(kcmp), CALL(pidfd_getfd), CALL(process_madvise), CALL(process_mrelease),
                 CALL(migrate_pages), CALL(move_pages), CALL(setns), CALL(unshare), CALL(setpgid),
                 CALL(setsid), CALL(ioprio_set)});
  refuse(rules, {CALL(process_vm_readv), CALL(process_vm_writev)}, {is_not(0, self)});
  refuse(rules,
         {CALL(prlimit64), CALL(sched_setaffinity), CALL(sched_setscheduler), CALL(sched_setparam),
          CALL(sched_setattr)},
         {is_not(0, 0), is_not(0, self)});
  refuse(rules, {CALL(setpriority)}, {is_not(1, 0), is_not(1, self)});
  refuse(rules, {CALL(setpriority)}, {is(0, PRIO_USER)});
  // It ends with its host.
  refuse(rules, {CALL(prctl)}, {is(0, PR_SET_PDEATHSIG)});
  refuse(rules,
         {CALL(shmget), CALL(shmat), CALL(shmctl), CALL(semget), CALL(semop), CALL(semctl), CALL(semtimedop),
          CALL(msgget), CALL(msgsnd), CALL(msgrcv), CALL(msgctl), CALL(mq_open), CALL(mq_unlink)});
}

// The host's own socket is one too, so those that are reached by a path or a name stay out of reach. Pairs
// are harmless, unless they could be pointed elsewhere.
void add_network(Rules& rules, const CallPolicy& policy) {
  if (policy.network) {
    // Netlink's routes tell the resolver which addresses there are.
    refuse(rules, {CALL(socket)}, {is_not(0, AF_INET), is_not(0, AF_INET6), is_not(0, AF_NETLINK)});
    refuse(rules, {CALL(socket)}, {is(0, AF_NETLINK), is_not(2, NETLINK_ROUTE)});
  } else {
    for (const auto family : std::initializer_list<std::uint32_t>{AF_INET, AF_INET6}) {
      rules.push_back({SYS_socket,
                       "socket",
                       Ruling::refused,
                       {is(0, family)},
                       -1,
                       false,
                       false,
                       "network = true would allow TCP and UDP"});
    }
    refuse(rules, {CALL(socket), CALL(connect), CALL(bind), CALL(listen), CALL(accept), CALL(accept4)});
  }
  refuse(rules, {CALL(socketpair)},
         {is_not(1, SOCK_STREAM, socket_kind), is_not(1, SOCK_SEQPACKET, socket_kind)});
}

// The machine's, most of it root's alone: no handler has any use for it, and some of it was the way out of
// other sandboxes.
void add_system(Rules& rules) {
  refuse(rules, {CALL(mount),
                 CALL(umount2),
                 CALL(pivot_root),
                 CALL(chroot),
                 CALL(move_mount),
                 CALL(open_tree),
                 Call{open_tree_attr_number, "open_tree_attr"},
                 CALL(fsopen),
                 CALL(fsconfig),
                 CALL(fsmount),
                 CALL(fspick),
                 CALL(mount_setattr),
                 CALL(bpf),
                 CALL(perf_event_open),
                 CALL(userfaultfd),
                 CALL(io_uring_setup),
                 CALL(io_uring_enter),
                 CALL(io_uring_register),
                 CALL(keyctl),
                 CALL(add_key),
                 CALL(request_key),
                 CALL(fanotify_init),
                 CALL(fanotify_mark),
                 CALL(kexec_load),
                 CALL(init_module),
                 CALL(finit_module),
                 CALL(delete_module),
                 CALL(reboot),
                 CALL(swapon),
                 CALL(swapoff),
                 CALL(settimeofday),
                 CALL(clock_settime),
                 CALL(adjtimex),
                 CALL(clock_adjtime),
                 CALL(sethostname),
                 CALL(setdomainname),
                 CALL(quotactl),
                 CALL(quotactl_fd),
                 CALL(nfsservctl),
                 CALL(acct),
                 CALL(syslog),
                 CALL(vhangup),
                 CALL(lookup_dcookie)});
  refuse(rules, {CALL(personality)}, {is_not(0, every_bit)});  // which asks only
#ifdef SYS_kexec_file_load
  refuse(rules, {CALL(kexec_file_load)});
#endif
#ifdef SYS_iopl
  refuse(rules, {CALL(iopl), CALL(ioperm)});
#endif
}

#undef CALL

}  // namespace

std::vector<CallRule> call_rules(const CallPolicy& policy) {
  Rules rules;
  add_waiting(rules);
  add_often_called(rules, policy);
  add_files(rules, policy);
  add_processes(rules, policy);
  add_network(rules, policy);
  add_system(rules);
  return rules;
}

}  // namespace aludel
