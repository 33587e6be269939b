/* SPDX-License-Identifier: MIT */
/*
 * A plugin in strict C99, without the wrapper. It keeps the key and the attribute "id" of every event, and
 * refuses with an error of its own what carries no integer at its config's pointer.
 */
#include <aludel/plugin.h>
#include <stdlib.h>
#include <string.h>

struct instance {
  char pointer[64];
  uint64_t pointer_size;
  aludel_statement* insert;
};

static int32_t report(aludel_call* call, int32_t outcome, const char* code, const char* message) {
  aludel_error error = {0};
  error.struct_size = sizeof error;
  error.code.data = code;
  error.code.size = strlen(code);
  error.message.data = message;
  error.message.size = strlen(message);
  error.event_id = UINT64_MAX;
  call->host->set_error(call, &error);
  return outcome;
}

static int32_t create(aludel_call* call, const char* config, uint64_t size, void** self) {
  aludel_value pointer;
  struct instance* instance;
  if (call->host->json(call, config, size, ALUDEL_LIT("/pointer"), &pointer) != ALUDEL_OK ||
      pointer.type != ALUDEL_TEXT || pointer.as.bytes.size >= sizeof instance->pointer)
    return report(call, ALUDEL_FAIL, "bad_config",
                  "pointer is a text of up to 63 bytes, \"/n\" for instance");
  instance = calloc(1, sizeof *instance);
  if (instance == NULL) return ALUDEL_FATAL;
  memcpy(instance->pointer, pointer.as.bytes.data, pointer.as.bytes.size);
  instance->pointer_size = pointer.as.bytes.size;
  *self = instance;
  return ALUDEL_HANDLED;
}

static int32_t migrate(void* self, aludel_call* call, uint32_t from, uint32_t to) {
  static const char sql[] =
      "create table seen (event_id integer primary key, key text, number integer, id text)";
  (void)self;
  if (from != 0 || to != 1) return report(call, ALUDEL_FAIL, "bad_migration", "there is version 1 only");
  return call->host->exec(call, sql, sizeof sql - 1) == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
}

static int32_t start(void* self, aludel_call* call) {
  struct instance* instance = self;
  return call->host->prepare(call, ALUDEL_LIT("insert into seen values (?, ?, ?, ?)"), &instance->insert) ==
                 ALUDEL_OK
             ? ALUDEL_HANDLED
             : ALUDEL_FAIL;
}

static int32_t handle(void* self, aludel_call* call, const aludel_event* event) {
  struct instance* instance = self;
  const aludel_host* host = call->host;
  aludel_value values[4] = {
      {ALUDEL_INTEGER, 0, {0}}, {ALUDEL_TEXT, 0, {0}}, {ALUDEL_NULL, 0, {0}}, {ALUDEL_NULL, 0, {0}}};
  int64_t changes = 0;
  const int32_t found =
      host->json(call, event->data, event->data_size, instance->pointer, instance->pointer_size, &values[2]);
  if (found != ALUDEL_OK) return ALUDEL_FAIL;
  if (values[2].type != ALUDEL_INTEGER)
    return report(call, ALUDEL_FAIL, "not_an_integer", "the number is none");
  values[0].as.integer = (int64_t)event->id;
  values[1].as.bytes = event->key;
  if (host->attribute(call, ALUDEL_LIT("id"), &values[3].as.bytes) == ALUDEL_OK) values[3].type = ALUDEL_TEXT;
  if (host->run(call, instance->insert, values, 4, &changes) != ALUDEL_OK) return ALUDEL_FAIL;
  return changes == 1 ? ALUDEL_HANDLED : ALUDEL_FATAL;
}

static void stop(void* self, aludel_call* call) {
  (void)self;
  call->host->log(call->host, ALUDEL_LOG_INFO, ALUDEL_LIT("c99 stops"));
}

static void destroy(void* self) {
  free(self);
}

static const aludel_subscription numbered = {sizeof numbered, ALUDEL_PREFIX, ALUDEL_STR("numbered.")};
static const aludel_subscription* const subscriptions[] = {&numbered};

static const aludel_handler c99 = {
    .struct_size = sizeof c99,
    .projection_version = 1,
    .subscription_count = 1,
    .id = ALUDEL_STR("test.c99"),
    .version = ALUDEL_STR("1.0.0"),
    .config_schema = ALUDEL_STR("{\"type\": \"object\", \"required\": [\"pointer\"]}"),
    .subscriptions = subscriptions,
    .create = create,
    .migrate = migrate,
    .start = start,
    .handle = handle,
    .stop = stop,
    .destroy = destroy,
};
static const aludel_handler* const handlers[] = {&c99};
static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};

ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello* hello) {
  (void)hello;
  return &library;
}
