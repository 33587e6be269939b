/* SPDX-License-Identifier: MIT */
#include "hostile.h"

static int32_t do_harm(aludel_call* call, const aludel_event* event) {
  (void)event;
  return run_sql(call,
                 "with recursive n(i) as (select 1 union all select i + 1 from n) insert into seen select i "
                 "+ 1000 from n");
}
