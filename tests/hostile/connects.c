/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int made = socket(AF_INET, SOCK_STREAM, 0);
  if (made < 0) return denied(call, "socket", strerror(errno));
  const int connected = connect(made, (struct sockaddr*)&address, sizeof address);
  const int why = errno;
  close(made);
  return connected == 0 || why == ECONNREFUSED ? ALUDEL_HANDLED : denied(call, "connect", strerror(why));
}
