/* SPDX-License-Identifier: MIT */
int aludel_plugin;
