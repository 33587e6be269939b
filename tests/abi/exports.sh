#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that a plugin defines aludel_plugin_v1 as its only dynamic symbol: no weak one that another plugin could
# preempt, no unique one that the dynamic linker would share between plugins.
# usage: exports.sh PLUGIN
set -eu
defined=$(nm -D --defined-only "$1")
if [ "$(printf '%s\n' "$defined" | awk '{print $2, $3}')" != "T aludel_plugin_v1" ]; then
  printf '%s exports more or less than the function aludel_plugin_v1:\n%s\n' "$1" "$defined" >&2
  exit 1
fi
