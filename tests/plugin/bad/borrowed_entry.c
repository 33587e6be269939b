/* SPDX-License-Identifier: MIT */
/* Linked with good, whose entry point is not its own. */
extern const void* aludel_plugin_v1(const void*);
const void* (*const borrowed)(const void*) = aludel_plugin_v1;
