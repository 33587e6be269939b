/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  char* text = malloc(100 << 20);
  if (text == NULL) abort();
  memset(text, 0xff, 100 << 20);
  aludel_error error;
  memset(&error, 0, sizeof error);
  error.struct_size = sizeof error;
  error.event_id = UINT64_MAX;
  error.code = hostile_text("huge");
  error.message.data = error.detail_json.data = text;
  error.message.size = error.detail_json.size = 100 << 20;
  call->host->set_error(call, &error);
  free(text);
  (void)event;
  return ALUDEL_FAIL;
}
