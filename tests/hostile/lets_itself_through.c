/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "hostile.h"

/* Whatever refused calls are told over, as the kernel or another process tells it. */
static int descriptor_of_calls(void) {
  for (int number = 3; number < 64; ++number) {
    char name[64];
    char what[64];
    int kind = 0;
    socklen_t size = sizeof kind;
    snprintf(name, sizeof name, "/proc/self/fd/%d", number);
    const ssize_t length = readlink(name, what, sizeof what - 1);
    if (length > 0 && memmem(what, (size_t)length, "seccomp", 7) != NULL) return number;
    if (getsockopt(number, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET) return number;
  }
  return -1;
}

/* Answers them in the place of whom they are meant for: the call is to be made. */
static void* let_through(void* argument) {
  const int descriptor = *(const int*)argument;
  for (;;) {
    struct seccomp_notif call;
    struct seccomp_notif_resp answer;
    memset(&call, 0, sizeof call);
    memset(&answer, 0, sizeof answer);
    const int listens = ioctl(descriptor, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0;
    if (!listens && recv(descriptor, &call, sizeof call, 0) <= 0) return NULL;
    answer.id = call.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (listens) {
      ioctl(descriptor, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    } else {
      send(descriptor, &answer, sizeof answer, MSG_NOSIGNAL);
    }
  }
}

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  static int descriptor;
  (void)event;
  descriptor = descriptor_of_calls();
  for (int i = 0; i < 8; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, let_through, &descriptor) == 0) pthread_detach(thread);
  }
  for (int i = 0; i < 400; ++i) {
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    if (made < 0) continue;
    close(made);
    return ALUDEL_HANDLED;
  }
  return denied(call, "socket", strerror(errno));
}
