/* SPDX-License-Identifier: MIT */
/* What the hostile handlers share: events of the type "harm" have the file's own do_harm() called; each other
 * event, and each harm that came to nothing, becomes a row. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <aludel/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* @return the outcome; ALUDEL_HANDLED if there was nothing to stop it */
static int32_t do_harm(aludel_call* call, const aludel_event* event);

/* Reports what a system call was answered. */
static inline int32_t denied(aludel_call* call, const char* what, const char* why) {
  aludel_error error;
  memset(&error, 0, sizeof error);
  error.struct_size = sizeof error;
  error.event_id = UINT64_MAX;
  error.code.data = what;
  error.code.size = strlen(what);
  error.message.data = why;
  error.message.size = strlen(why);
  call->host->set_error(call, &error);
  return ALUDEL_FAIL;
}

static inline int32_t run_sql(aludel_call* call, const char* sql) {
  aludel_statement* statement;
  if (call->host->prepare(call, sql, strlen(sql), &statement) != ALUDEL_OK) return ALUDEL_FAIL;
  return call->host->run(call, statement, NULL, 0, NULL) == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
}

static int32_t hostile_create(aludel_call* call, const char* config, uint64_t size, void** self) {
  (void)call;
  (void)config;
  (void)size;
  *self = NULL;
  return ALUDEL_HANDLED;
}

static int32_t hostile_migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  (void)self;
  (void)from;
  (void)to;
  return call->host->exec(call, ALUDEL_LIT("create table seen (id integer primary key)")) ? ALUDEL_FATAL
                                                                                          : ALUDEL_HANDLED;
}

static int32_t hostile_handle(void* self, aludel_call* call, const aludel_event* event) {
  aludel_statement* insert;
  aludel_value id;
  (void)self;
  memset(&id, 0, sizeof id);
  id.type = ALUDEL_INTEGER;
  id.as.integer = (int64_t)event->id;
  if (call->host->prepare(call, ALUDEL_LIT("insert into seen values (?)"), &insert)) return ALUDEL_FAIL;
  if (call->host->run(call, insert, &id, 1, NULL)) return ALUDEL_FAIL;
  return strcmp(event->type.data, "harm") == 0 ? do_harm(call, event) : ALUDEL_HANDLED;
}

static void hostile_destroy(void* self) {
  (void)self;
}

static const aludel_subscription hostile_all = {sizeof(aludel_subscription), ALUDEL_ALL, {"", 0}};
static const aludel_subscription* const hostile_subscriptions[] = {&hostile_all};
static aludel_handler hostile_handler;
static const aludel_handler* const hostile_handlers[] = {&hostile_handler};
static aludel_library hostile_library;

static inline aludel_str hostile_text(const char* text) {
  aludel_str result = {text, strlen(text)};
  return result;
}

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  aludel_handler* handler = &hostile_handler;
  (void)hello;
  handler->struct_size = sizeof *handler;
  handler->projection_version = 1;
  handler->subscription_count = 1;
  handler->id = hostile_text("org.example.hostile");
  handler->name = hostile_text("hostile");
  handler->version = hostile_text("1");
  handler->vendor = handler->description = handler->config_schema = hostile_text("");
  handler->subscriptions = hostile_subscriptions;
  handler->create = hostile_create;
  handler->migrate = hostile_migrate;
  handler->handle = hostile_handle;
  handler->destroy = hostile_destroy;
  hostile_library.struct_size = sizeof hostile_library;
  hostile_library.handler_count = 1;
  hostile_library.handlers = hostile_handlers;
  return &hostile_library;
}

#endif
