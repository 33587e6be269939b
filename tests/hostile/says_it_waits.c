/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  static const char word[] =
      "{\"state\":{\"activity\":\"waiting\",\"up\":true,\"handler_id\":\"org.example.hostile\",\"handler_"
      "version\":"
      "\"1\",\"next\":4,\"handled\":4,\"skipped\":0,\"dead_letters\":0,\"error\":null}}\n";
  (void)event;
  if (write(3, word, sizeof word - 1) < 0) return denied(call, "write", "nothing can be sent to the host");
  for (;;)
    pause();
}
