/* SPDX-License-Identifier: MIT */
/*
 * The frozen layout of the ABI: every constant, and the size, the offset and the type of every struct and
 * member. Compiled as C99, C11, C++11 and later, by GCC and Clang; it never runs. No line here ever changes,
 * but for the minor version and the size of a struct to which it appends; what it appends gets lines of its
 * own. frozen_complete.py checks that nothing in plugin.h is missing here.
 */
#include <aludel/plugin.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
/* An array of negative size is the assertion that C99 has. */
#define FROZEN(...) typedef char JOIN(frozen_, __LINE__)[(__VA_ARGS__) ? 1 : -1]
#define FROZEN_VALUE(name, value) FROZEN((name) == (value))
#define FROZEN_SIZE(type, bytes) FROZEN(sizeof(type) == (bytes))

#ifdef __cplusplus
template <typename A, typename B>
struct same_type;
template <typename A>
struct same_type<A, A> {
  static const bool value = true;
};
#define FROZEN_MEMBER(type, member, offset, ...)                                                    \
  FROZEN(offsetof(type, member) == (offset) && sizeof(((type*)0)->member) == sizeof(__VA_ARGS__) && \
         same_type<decltype(type::member), __VA_ARGS__>::value)
#else
#define FROZEN_MEMBER(type, member, offset, ...) \
  FROZEN(offsetof(type, member) == (offset) && sizeof(((type*)0)->member) == sizeof(__VA_ARGS__))
#endif

FROZEN(sizeof(void*) == 8);

FROZEN_VALUE(ALUDEL_ABI_MAJOR, 1);
FROZEN_VALUE(ALUDEL_ABI_MINOR, 0);

FROZEN_VALUE(ALUDEL_HANDLED, 0);
FROZEN_VALUE(ALUDEL_SKIP, 1);
FROZEN_VALUE(ALUDEL_RETRY, 2);
FROZEN_VALUE(ALUDEL_FAIL, 3);
FROZEN_VALUE(ALUDEL_FATAL, 4);

FROZEN_VALUE(ALUDEL_OK, 0);
FROZEN_VALUE(ALUDEL_ROW, 100);
FROZEN_VALUE(ALUDEL_DONE, 101);
FROZEN_VALUE(ALUDEL_MISUSE, -1);
FROZEN_VALUE(ALUDEL_SQL_ERROR, -2);
FROZEN_VALUE(ALUDEL_CONSTRAINT, -3);
FROZEN_VALUE(ALUDEL_DENIED, -4);
FROZEN_VALUE(ALUDEL_TOO_LARGE, -5);
FROZEN_VALUE(ALUDEL_NOT_FOUND, -6);
FROZEN_VALUE(ALUDEL_BUSY, -7);
FROZEN_VALUE(ALUDEL_IO_ERROR, -8);
FROZEN_VALUE(ALUDEL_INVALID, -9);
FROZEN_VALUE(ALUDEL_LIMIT, -10);

FROZEN_VALUE(ALUDEL_NULL, 0);
FROZEN_VALUE(ALUDEL_INTEGER, 1);
FROZEN_VALUE(ALUDEL_REAL, 2);
FROZEN_VALUE(ALUDEL_TEXT, 3);
FROZEN_VALUE(ALUDEL_BLOB, 4);
FROZEN_VALUE(ALUDEL_BOOLEAN, 5);
FROZEN_VALUE(ALUDEL_JSON, 6);

FROZEN_VALUE(ALUDEL_EXACT, 1);
FROZEN_VALUE(ALUDEL_PREFIX, 2);
FROZEN_VALUE(ALUDEL_ALL, 3);

FROZEN_VALUE(ALUDEL_HANDLER_DYNAMIC, 1);
FROZEN_VALUE(ALUDEL_HANDLER_EXTERNAL, 2);
FROZEN_VALUE(ALUDEL_HANDLER_REHEARSES, 4);

FROZEN_VALUE(ALUDEL_CALL_REDELIVERY, 1);
FROZEN_VALUE(ALUDEL_CALL_REBUILD, 2);
FROZEN_VALUE(ALUDEL_CALL_DRY_RUN, 4);
FROZEN_VALUE(ALUDEL_CALL_REPLAY, 8);
FROZEN_VALUE(ALUDEL_CALL_VALIDATION, 16);

FROZEN_VALUE(ALUDEL_STAGE_CREATE, 1);
FROZEN_VALUE(ALUDEL_STAGE_MIGRATE, 2);
FROZEN_VALUE(ALUDEL_STAGE_START, 3);
FROZEN_VALUE(ALUDEL_STAGE_VALIDATE, 4);
FROZEN_VALUE(ALUDEL_STAGE_HANDLE, 5);
FROZEN_VALUE(ALUDEL_STAGE_FLUSH, 6);
FROZEN_VALUE(ALUDEL_STAGE_ROLLED_BACK, 7);
FROZEN_VALUE(ALUDEL_STAGE_ON_ERROR, 8);
FROZEN_VALUE(ALUDEL_STAGE_STOP, 9);

FROZEN_VALUE(ALUDEL_ACTION_DEFAULT, 0);
FROZEN_VALUE(ALUDEL_ACTION_STOP, 1);
FROZEN_VALUE(ALUDEL_ACTION_SKIP, 2);
FROZEN_VALUE(ALUDEL_ACTION_RETRY, 3);
FROZEN_VALUE(ALUDEL_ACTION_DEAD_LETTER, 4);

FROZEN_VALUE(ALUDEL_LOG_TRACE, 0);
FROZEN_VALUE(ALUDEL_LOG_DEBUG, 1);
FROZEN_VALUE(ALUDEL_LOG_INFO, 2);
FROZEN_VALUE(ALUDEL_LOG_WARNING, 3);
FROZEN_VALUE(ALUDEL_LOG_ERROR, 4);

FROZEN_SIZE(aludel_str, 16);
FROZEN_MEMBER(aludel_str, data, 0, const char*);
FROZEN_MEMBER(aludel_str, size, 8, uint64_t);

FROZEN_SIZE(aludel_value, 24);
FROZEN_MEMBER(aludel_value, type, 0, uint32_t);
FROZEN_MEMBER(aludel_value, reserved, 4, uint32_t);
FROZEN(offsetof(aludel_value, as) == 8);
FROZEN(offsetof(aludel_value, as.integer) == 8 && sizeof(((aludel_value*)0)->as.integer) == sizeof(int64_t));
FROZEN(offsetof(aludel_value, as.real) == 8 && sizeof(((aludel_value*)0)->as.real) == sizeof(double));
FROZEN(offsetof(aludel_value, as.bytes) == 8 && sizeof(((aludel_value*)0)->as.bytes) == sizeof(aludel_str));

FROZEN_SIZE(aludel_call, 24);
FROZEN_MEMBER(aludel_call, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_call, flags, 4, uint32_t);
FROZEN_MEMBER(aludel_call, stage, 8, uint32_t);
FROZEN_MEMBER(aludel_call, attempt, 12, uint32_t);
FROZEN_MEMBER(aludel_call, host, 16, const aludel_host*);

FROZEN_SIZE(aludel_hello, 48);
FROZEN_MEMBER(aludel_hello, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_hello, abi_minor, 4, uint32_t);
FROZEN_MEMBER(aludel_hello, host_name, 8, aludel_str);
FROZEN_MEMBER(aludel_hello, host_version, 24, aludel_str);
FROZEN_MEMBER(aludel_hello, refuse, 40, void (*)(const aludel_hello*, const char*, uint64_t));

FROZEN_SIZE(aludel_library, 24);
FROZEN_MEMBER(aludel_library, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_library, abi_minor_built, 4, uint32_t);
FROZEN_MEMBER(aludel_library, abi_minor_required, 8, uint32_t);
FROZEN_MEMBER(aludel_library, handler_count, 12, uint32_t);
FROZEN_MEMBER(aludel_library, handlers, 16, const aludel_handler* const*);

FROZEN_SIZE(aludel_subscription, 24);
FROZEN_MEMBER(aludel_subscription, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_subscription, kind, 4, uint32_t);
FROZEN_MEMBER(aludel_subscription, type, 8, aludel_str);

FROZEN_SIZE(aludel_event, 104);
FROZEN_MEMBER(aludel_event, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_event, reserved, 4, uint32_t);
FROZEN_MEMBER(aludel_event, id, 8, uint64_t);
FROZEN_MEMBER(aludel_event, time_ns, 16, int64_t);
FROZEN_MEMBER(aludel_event, type, 24, aludel_str);
FROZEN_MEMBER(aludel_event, source, 40, aludel_str);
FROZEN_MEMBER(aludel_event, key, 56, aludel_str);
FROZEN_MEMBER(aludel_event, content_type, 72, aludel_str);
FROZEN_MEMBER(aludel_event, data, 88, const void*);
FROZEN_MEMBER(aludel_event, data_size, 96, uint64_t);

FROZEN_SIZE(aludel_new_event, 80);
FROZEN_MEMBER(aludel_new_event, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_new_event, reserved, 4, uint32_t);
FROZEN_MEMBER(aludel_new_event, type, 8, aludel_str);
FROZEN_MEMBER(aludel_new_event, key, 24, aludel_str);
FROZEN_MEMBER(aludel_new_event, content_type, 40, aludel_str);
FROZEN_MEMBER(aludel_new_event, data, 56, const void*);
FROZEN_MEMBER(aludel_new_event, data_size, 64, uint64_t);
FROZEN_MEMBER(aludel_new_event, cause, 72, uint64_t);

FROZEN_SIZE(aludel_error, 72);
FROZEN_MEMBER(aludel_error, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_error, reserved, 4, uint32_t);
FROZEN_MEMBER(aludel_error, code, 8, aludel_str);
FROZEN_MEMBER(aludel_error, message, 24, aludel_str);
FROZEN_MEMBER(aludel_error, detail_json, 40, aludel_str);
FROZEN_MEMBER(aludel_error, retry_after_ms, 56, uint64_t);
FROZEN_MEMBER(aludel_error, event_id, 64, uint64_t);

FROZEN_SIZE(aludel_failure, 72);
FROZEN_MEMBER(aludel_failure, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_failure, stage, 4, uint32_t);
FROZEN_MEMBER(aludel_failure, outcome, 8, uint32_t);
FROZEN_MEMBER(aludel_failure, attempt, 12, uint32_t);
FROZEN_MEMBER(aludel_failure, code, 16, aludel_str);
FROZEN_MEMBER(aludel_failure, message, 32, aludel_str);
FROZEN_MEMBER(aludel_failure, detail_json, 48, aludel_str);
FROZEN_MEMBER(aludel_failure, first_failed_ns, 64, int64_t);

FROZEN_SIZE(aludel_decision, 16);
FROZEN_MEMBER(aludel_decision, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_decision, action, 4, uint32_t);
FROZEN_MEMBER(aludel_decision, delay_ms, 8, uint64_t);

FROZEN_SIZE(aludel_handler, 208);
FROZEN_MEMBER(aludel_handler, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_handler, flags, 4, uint32_t);
FROZEN_MEMBER(aludel_handler, projection_version, 8, uint32_t);
FROZEN_MEMBER(aludel_handler, subscription_count, 12, uint32_t);
FROZEN_MEMBER(aludel_handler, id, 16, aludel_str);
FROZEN_MEMBER(aludel_handler, name, 32, aludel_str);
FROZEN_MEMBER(aludel_handler, version, 48, aludel_str);
FROZEN_MEMBER(aludel_handler, vendor, 64, aludel_str);
FROZEN_MEMBER(aludel_handler, description, 80, aludel_str);
FROZEN_MEMBER(aludel_handler, config_schema, 96, aludel_str);
FROZEN_MEMBER(aludel_handler, subscriptions, 112, const aludel_subscription* const*);
FROZEN_MEMBER(aludel_handler, create, 120, int32_t (*)(aludel_call*, const char*, uint64_t, void**));
FROZEN_MEMBER(aludel_handler, migrate, 128, int32_t (*)(void*, aludel_call*, uint32_t, uint32_t));
FROZEN_MEMBER(aludel_handler, start, 136, int32_t (*)(void*, aludel_call*));
FROZEN_MEMBER(aludel_handler, validate, 144, int32_t (*)(void*, aludel_call*, const aludel_event*));
FROZEN_MEMBER(aludel_handler, handle, 152, int32_t (*)(void*, aludel_call*, const aludel_event*));
FROZEN_MEMBER(aludel_handler, flush, 160, int32_t (*)(void*, aludel_call*));
FROZEN_MEMBER(aludel_handler, rolled_back, 168, void (*)(void*, aludel_call*, uint64_t));
FROZEN_MEMBER(aludel_handler, on_error, 176,
              int32_t (*)(void*, aludel_call*, const aludel_event*, const aludel_failure*, aludel_decision*));
FROZEN_MEMBER(aludel_handler, stop, 184, void (*)(void*, aludel_call*));
FROZEN_MEMBER(aludel_handler, destroy, 192, void (*)(void*));
FROZEN_MEMBER(aludel_handler, get_extension, 200, const void* (*)(const char*, uint64_t));

FROZEN_SIZE(aludel_host, 184);
FROZEN_MEMBER(aludel_host, struct_size, 0, uint32_t);
FROZEN_MEMBER(aludel_host, abi_minor, 4, uint32_t);
FROZEN_MEMBER(aludel_host, processor, 8, aludel_str);
FROZEN_MEMBER(aludel_host, log_id, 24, aludel_str);
FROZEN_MEMBER(aludel_host, log, 40, void (*)(const aludel_host*, uint32_t, const char*, uint64_t));
FROZEN_MEMBER(aludel_host, log_enabled, 48, int32_t (*)(const aludel_host*, uint32_t));
FROZEN_MEMBER(aludel_host, get_extension, 56, const void* (*)(const aludel_host*, const char*, uint64_t));
FROZEN_MEMBER(aludel_host, set_error, 64, int32_t (*)(aludel_call*, const aludel_error*));
FROZEN_MEMBER(aludel_host, last_error, 72, int32_t (*)(aludel_call*, aludel_str*, aludel_str*));
FROZEN_MEMBER(aludel_host, json, 80,
              int32_t (*)(aludel_call*, const void*, uint64_t, const char*, uint64_t, aludel_value*));
FROZEN_MEMBER(aludel_host, subscribe, 88, int32_t (*)(aludel_call*, uint32_t, const char*, uint64_t));
FROZEN_MEMBER(aludel_host, set_projection_version, 96, int32_t (*)(aludel_call*, uint32_t));
FROZEN_MEMBER(aludel_host, exec, 104, int32_t (*)(aludel_call*, const char*, uint64_t));
FROZEN_MEMBER(aludel_host, prepare, 112,
              int32_t (*)(aludel_call*, const char*, uint64_t, aludel_statement**));
FROZEN_MEMBER(aludel_host, run, 120,
              int32_t (*)(aludel_call*, aludel_statement*, const aludel_value*, uint64_t, int64_t*));
FROZEN_MEMBER(aludel_host, query, 128,
              int32_t (*)(aludel_call*, aludel_statement*, const aludel_value*, uint64_t));
FROZEN_MEMBER(aludel_host, next, 136,
              int32_t (*)(aludel_call*, aludel_statement*, const aludel_value**, uint64_t*));
FROZEN_MEMBER(aludel_host, column_name, 144,
              int32_t (*)(aludel_call*, aludel_statement*, uint64_t, aludel_str*));
FROZEN_MEMBER(aludel_host, last_insert_id, 152, int32_t (*)(aludel_call*, int64_t*));
FROZEN_MEMBER(aludel_host, attribute, 160, int32_t (*)(aludel_call*, const char*, uint64_t, aludel_str*));
FROZEN_MEMBER(aludel_host, attribute_at, 168, int32_t (*)(aludel_call*, uint64_t, aludel_str*, aludel_str*));
FROZEN_MEMBER(aludel_host, emit, 176, int32_t (*)(aludel_call*, const aludel_new_event*));
