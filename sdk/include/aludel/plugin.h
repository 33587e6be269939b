/* SPDX-License-Identifier: MIT */
/* clang-format off */
/**
 * @file plugin.h
 * The Aludel plugin ABI, version 1. C99, no dependencies, 64-bit platforms.
 *
 * A plugin is a shared object that exports ONE function, aludel_plugin_v1(). It returns a description of the handlers
 * that the plugin holds. The host creates instances of them, feeds each the events that it subscribes to, in log order,
 * and gives it an SQLite database of its own, the projection. What a handler writes there commits in one transaction
 * together with the position in the log, so that each event takes effect exactly once, whatever crashes.
 *
 * A whole plugin in C:
 *
 *     #include <aludel/plugin.h>
 *
 *     static int32_t create(aludel_call *call, const char *config, uint64_t size, void **self) {
 *         (void)call; (void)config; (void)size; *self = NULL;
 *         return ALUDEL_HANDLED;
 *     }
 *     static int32_t migrate(void *self, aludel_call *call, uint32_t from, uint32_t to) {
 *         (void)self; (void)from; (void)to;
 *         return call->host->exec(call, ALUDEL_LIT("create table seen (id integer primary key)"))
 *                  ? ALUDEL_FATAL : ALUDEL_HANDLED;
 *     }
 *     static int32_t handle(void *self, aludel_call *call, const aludel_event *event) {
 *         const aludel_host *host = call->host;
 *         aludel_statement *insert;
 *         aludel_value id = {ALUDEL_INTEGER, 0, {(int64_t)event->id}};
 *         (void)self;
 *         if (host->prepare(call, ALUDEL_LIT("insert into seen values (?)"), &insert)) return ALUDEL_FAIL;
 *         return host->run(call, insert, &id, 1, NULL) ? ALUDEL_FAIL : ALUDEL_HANDLED;
 *     }
 *     static void destroy(void *self) { (void)self; }
 *
 *     static const aludel_subscription deposits = {sizeof deposits, ALUDEL_EXACT, ALUDEL_STR("deposit")};
 *     static const aludel_subscription *const subscriptions[] = {&deposits};
 *     static const aludel_handler seen = {
 *         .struct_size = sizeof seen, .projection_version = 1, .subscription_count = 1,
 *         .id = ALUDEL_STR("org.example.seen"), .version = ALUDEL_STR("1.0.0"), .subscriptions = subscriptions,
 *         .create = create, .migrate = migrate, .handle = handle, .destroy = destroy};
 *     static const aludel_handler *const handlers[] = {&seen};
 *     static const aludel_library library = {sizeof library, ALUDEL_ABI_MINOR, 0, 1, handlers};
 *
 *     ALUDEL_EXPORT const aludel_library *ALUDEL_ABI aludel_plugin_v1(const aludel_hello *hello) {
 *         (void)hello;
 *         return &library;
 *     }
 *
 * In C++ take <aludel/plugin.hpp>: the same handler is a class of a few lines there.
 *
 * THE RULES
 *
 * Growth. Version 1.x only appends: fields at the end of structs, functions, flags, codes. Nothing is ever inserted,
 *   reordered, resized, removed or given another meaning. A plugin built against 1.m runs in every host of 1.n, n >= m,
 *   and in older ones down to the `abi_minor_required` that it states.
 * struct_size comes first in every struct but aludel_str and aludel_value, which never change. Set it to sizeof. Reserved
 *   members are zero. In a struct from the host, a member newer than 1.0 may be read if the host's `abi_minor` covers it,
 *   or ALUDEL_HAS() says so; a function pointer in aludel_host is then never NULL.
 * Calls. Every handler function but destroy() and get_extension() gets an aludel_call: one object per instance, at one
 *   address, valid until destroy() returns. Its host functions work only inside the plugin function that received it, on
 *   the thread that called it, in the stages that their comment names; otherwise they do nothing and return
 *   ALUDEL_MISUSE. No misuse of them crashes the host.
 * Threads. Calls to one instance never overlap. They come in log order (a replay, flagged ALUDEL_CALL_REPLAY, is the one
 *   exception), on any thread. Instances of one handler run at once: globals need locks. Only log(), log_enabled()
 *   and get_extension() of the host may be called from any thread, from create() until stop() returns. After stop(), or a
 *   create() that failed, no thread of the plugin runs. Keep no host pointer in thread-local storage.
 * Ownership. What the host passes is valid until the function returns; a row until its statement's next use; a statement
 *   until destroy(). What a plugin passes, it owns: the host has copied it, or is done with it, when its function
 *   returns. Static descriptions stay for the life of the process. Each side frees its own memory.
 * Strings. From the host they are UTF-8 and followed by a NUL, never a null pointer. From a plugin they need not end with
 *   NUL; a null pointer with size 0 is the empty string.
 * Errors. Before it returns anything but ALUDEL_HANDLED or ALUDEL_SKIP, a function may say why with set_error(). The
 *   latest of that and of a failed host function is what the operator reads; it is cleared before each plugin function.
 * Unwinding. Nothing unwinds across this boundary, in either direction: no exception, no panic, no longjmp. Host functions
 *   never throw and never call back into the plugin.
 * Lifecycle. create() that succeeded is followed by exactly one destroy(). start() that succeeded, or is NULL, is followed
 *   by exactly one stop(). A process that is killed gives neither. The library is never unloaded.
 * Determinism. A handler that uses neither clock nor randomness can be rebuilt to the same rows: take the event's time_ns
 *   (SQL's clock functions are set to it; random() and randomblob() are denied).
 */
#ifndef ALUDEL_PLUGIN_H
#define ALUDEL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The ABI's major version; part of the entry point's name. */
#define ALUDEL_ABI_MAJOR 1
/** The minor version of this header. */
#define ALUDEL_ABI_MINOR 0

#if defined(_WIN32)
#define ALUDEL_ABI __cdecl
#define ALUDEL_EXPORT_ATTRIBUTE __declspec(dllexport)
#else
#define ALUDEL_ABI
#define ALUDEL_EXPORT_ATTRIBUTE __attribute__((visibility("default")))
#endif

/** Goes before the definition of aludel_plugin_v1(), the only symbol that a plugin exports. */
#ifdef __cplusplus
#define ALUDEL_EXPORT extern "C" ALUDEL_EXPORT_ATTRIBUTE
#else
#define ALUDEL_EXPORT ALUDEL_EXPORT_ATTRIBUTE
#endif

/** A string literal as two arguments, pointer and size: `host->exec(call, ALUDEL_LIT("create table t (a)"))`. */
#define ALUDEL_LIT(literal) "" literal, (uint64_t)(sizeof(literal) - 1)
/** A string literal as the initializer of an aludel_str. */
#define ALUDEL_STR(literal) \
    { "" literal, sizeof(literal) - 1 }
/** Whether the struct of `type` at `pointer`, as the other side made it, reaches to the end of `member`. */
#define ALUDEL_HAS(type, pointer, member) \
    ((pointer)->struct_size >= offsetof(type, member) + sizeof(((const type *)0)->member))

/* ---------------------------------------------------------------------------------------------------- numbers --- */

/** What a handler function reports of an event or a step (int32_t). An unknown number counts as ALUDEL_FAIL. */
#define ALUDEL_HANDLED 0 /**< done */
#define ALUDEL_SKIP 1    /**< not mine: no error, and what it wrote stays; in flush() it counts as ALUDEL_FAIL */
#define ALUDEL_RETRY 2   /**< transient: may succeed later; see aludel_error.retry_after_ms */
#define ALUDEL_FAIL 3    /**< this event cannot be handled, however often it is tried */
#define ALUDEL_FATAL 4   /**< the environment is broken, not the event: the processor stops under every strategy */
/* 5 is reserved. In create(), migrate() and start(), ALUDEL_RETRY asks to be called again after a pause; all else but
   ALUDEL_HANDLED stops the processor. */

/**
 * What a host function returns (int32_t). Negative is an error, and then recorded as the call's latest error, with the
 * name below in lower case as its code ("constraint"); for ALUDEL_IO_ERROR it is what failed: "disk_full", "io",
 * "memory", "corrupt" or "denied".
 */
#define ALUDEL_OK 0
#define ALUDEL_ROW 100        /**< next(): a row is there */
#define ALUDEL_DONE 101       /**< next(): no more rows; attribute_at(): no more attributes */
#define ALUDEL_MISUSE (-1)    /**< wrong stage, thread, call, statement, or argument */
#define ALUDEL_SQL_ERROR (-2) /**< SQLite refused the statement; last_error() has its words */
#define ALUDEL_CONSTRAINT (-3)
#define ALUDEL_DENIED (-4) /**< forbidden to handlers (transactions, ATTACH, DDL outside migrate(), ...) */
#define ALUDEL_TOO_LARGE (-5)
#define ALUDEL_NOT_FOUND (-6)
#define ALUDEL_BUSY (-7)
#define ALUDEL_IO_ERROR (-8) /**< the host's disk or memory failed: the outcome becomes fatal, whatever is returned */
#define ALUDEL_INVALID (-9)  /**< malformed input: JSON, a JSON pointer, UTF-8 */
#define ALUDEL_LIMIT (-10)   /**< over a documented limit */

/** aludel_value.type */
#define ALUDEL_NULL 0
#define ALUDEL_INTEGER 1 /**< as.integer */
#define ALUDEL_REAL 2    /**< as.real */
#define ALUDEL_TEXT 3    /**< as.bytes, UTF-8 */
#define ALUDEL_BLOB 4    /**< as.bytes */
#define ALUDEL_BOOLEAN 5 /**< as.integer, 0 or 1; from json(); bound to SQL as an integer */
#define ALUDEL_JSON 6    /**< as.bytes: JSON text of an object, an array or a number that fits no int64; bound as text */

/** aludel_subscription.kind */
#define ALUDEL_EXACT 1  /**< events whose type equals `type` */
#define ALUDEL_PREFIX 2 /**< events whose type starts with `type`, which is not empty */
#define ALUDEL_ALL 3    /**< every event; `type` is empty */

/** aludel_handler.flags */
#define ALUDEL_HANDLER_DYNAMIC 1u   /**< create() may subscribe, by host->subscribe(); `subscription_count` may be 0 */
#define ALUDEL_HANDLER_EXTERNAL 2u  /**< has effects outside its projection: refused for dry runs and rebuilds... */
#define ALUDEL_HANDLER_REHEARSES 4u /**< ... unless it honours the call's flags, which this says */

/** aludel_call.flags */
#define ALUDEL_CALL_REDELIVERY 1u /**< the event, or its batch, was delivered before and undone */
#define ALUDEL_CALL_REBUILD 2u    /**< the event was handled by an earlier projection: no effect outside this one */
#define ALUDEL_CALL_DRY_RUN 4u    /**< everything is rolled back afterwards: no effect outside the projection */
#define ALUDEL_CALL_REPLAY 8u     /**< a dead letter is tried again, out of log order */
#define ALUDEL_CALL_VALIDATION 16u /**< only validate() will be called for this event */

/** aludel_call.stage, aludel_failure.stage */
#define ALUDEL_STAGE_CREATE 1
#define ALUDEL_STAGE_MIGRATE 2
#define ALUDEL_STAGE_START 3
#define ALUDEL_STAGE_VALIDATE 4
#define ALUDEL_STAGE_HANDLE 5
#define ALUDEL_STAGE_FLUSH 6
#define ALUDEL_STAGE_ROLLED_BACK 7
#define ALUDEL_STAGE_ON_ERROR 8
#define ALUDEL_STAGE_STOP 9

/** aludel_decision.action */
#define ALUDEL_ACTION_DEFAULT 0 /**< what the operator configured */
#define ALUDEL_ACTION_STOP 1
#define ALUDEL_ACTION_SKIP 2
#define ALUDEL_ACTION_RETRY 3 /**< after `delay_ms`, within the operator's limits */
#define ALUDEL_ACTION_DEAD_LETTER 4

/** Levels for log() and log_enabled(). */
#define ALUDEL_LOG_TRACE 0
#define ALUDEL_LOG_DEBUG 1
#define ALUDEL_LOG_INFO 2
#define ALUDEL_LOG_WARNING 3
#define ALUDEL_LOG_ERROR 4

/* ------------------------------------------------------------------------------------------------------ types --- */

/** Bytes with a length; text unless said otherwise. Never grows. */
typedef struct aludel_str {
    const char *data;
    uint64_t size;
} aludel_str;

/** A value of SQL or JSON. Never grows. */
typedef struct aludel_value {
    uint32_t type; /**< ALUDEL_NULL ... ALUDEL_JSON */
    uint32_t reserved;
    union {
        int64_t integer;
        double real;
        aludel_str bytes;
    } as;
} aludel_value;

typedef struct aludel_host aludel_host;
typedef struct aludel_call aludel_call;
typedef struct aludel_hello aludel_hello;
typedef struct aludel_library aludel_library;
typedef struct aludel_handler aludel_handler;
typedef struct aludel_subscription aludel_subscription;
typedef struct aludel_event aludel_event;
typedef struct aludel_new_event aludel_new_event;
typedef struct aludel_error aludel_error;
typedef struct aludel_failure aludel_failure;
typedef struct aludel_decision aludel_decision;
/** A prepared SQL statement, owned by the host. */
typedef struct aludel_statement aludel_statement;

/** An instance's way to its host. Made by the host; the same object for all calls of one instance. */
struct aludel_call {
    uint32_t struct_size;
    uint32_t flags;   /**< ALUDEL_CALL_*, of the present call */
    uint32_t stage;   /**< ALUDEL_STAGE_*, of the present call; 0 between calls */
    uint32_t attempt; /**< of the event in flight, from 1; 0 where there is no event */
    const aludel_host *host;
};

/** What the host says of itself when it asks a plugin what it holds. Valid during aludel_plugin_v1() only. */
struct aludel_hello {
    uint32_t struct_size;
    uint32_t abi_minor; /**< the host's */
    aludel_str host_name;
    aludel_str host_version;
    /** Says why aludel_plugin_v1() is about to return NULL; shown to the operator. */
    void(ALUDEL_ABI *refuse)(const aludel_hello *hello, const char *reason, uint64_t size);
};

/** What a plugin holds. Static. */
struct aludel_library {
    uint32_t struct_size;
    uint32_t abi_minor_built;    /**< ALUDEL_ABI_MINOR when it was compiled */
    uint32_t abi_minor_required; /**< the oldest host minor that it runs in */
    uint32_t handler_count;      /**< 1 to 256 */
    const aludel_handler *const *handlers;
};

/** Event types that a handler wants. Static. */
struct aludel_subscription {
    uint32_t struct_size;
    uint32_t kind; /**< ALUDEL_EXACT, ALUDEL_PREFIX, ALUDEL_ALL */
    aludel_str type;
};

/** An event. Read-only, valid during the call. */
struct aludel_event {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t id;     /**< position in the log: from 0, gap-free */
    int64_t time_ns; /**< CloudEvents `time`, nanoseconds since 1970-01-01T00:00:00Z */
    aludel_str type;
    aludel_str source;
    aludel_str key; /**< CloudEvents `subject`; empty if there is none */
    aludel_str content_type;
    const void *data; /**< never NULL; unaligned; 64 more bytes may be read behind its end */
    uint64_t data_size;
};

/** An event to be appended to the log, see aludel_host.emit. */
struct aludel_new_event {
    uint32_t struct_size;
    uint32_t reserved;
    aludel_str type; /**< not empty */
    aludel_str key;
    aludel_str content_type; /**< empty: application/json */
    const void *data;
    uint64_t data_size;
    uint64_t cause; /**< in flush(): the id of the event that caused it, one of those since the last commit; in handle():
                         ignored */
};

/** Why a function did not succeed, see aludel_host.set_error. */
struct aludel_error {
    uint32_t struct_size;
    uint32_t reserved;
    aludel_str code;         /**< for programs, "insufficient_funds"; cut at 64 bytes */
    aludel_str message;      /**< for people; cut at 4 KiB */
    aludel_str detail_json;  /**< more, as JSON; cut at 64 KiB */
    uint64_t retry_after_ms; /**< with ALUDEL_RETRY: no sooner than this; 0: as the operator says */
    uint64_t event_id;       /**< in flush(): the event at fault, of those since the last commit. UINT64_MAX if it is not
                                  known: 0 is an event. Elsewhere ignored */
};

/** A failure that on_error() is to judge. */
struct aludel_failure {
    uint32_t struct_size;
    uint32_t stage;   /**< the stage that failed */
    uint32_t outcome; /**< ALUDEL_RETRY or ALUDEL_FAIL */
    uint32_t attempt; /**< the attempt that failed, from 1 */
    aludel_str code;
    aludel_str message;
    aludel_str detail_json;
    int64_t first_failed_ns; /**< when the first attempt failed, nanoseconds since 1970 */
};

/** What on_error() decides. Zeroed and sized by the host. */
struct aludel_decision {
    uint32_t struct_size;
    uint32_t action;   /**< ALUDEL_ACTION_* */
    uint64_t delay_ms; /**< with ALUDEL_ACTION_RETRY */
};

/** A handler: what it is, what it wants, what it does. Static. create, handle and destroy are required. */
struct aludel_handler {
    uint32_t struct_size;
    uint32_t flags;              /**< ALUDEL_HANDLER_* */
    uint32_t projection_version; /**< of the tables that migrate() makes, from 1; 0: it keeps no tables */
    uint32_t subscription_count; /**< up to 1,024 */
    aludel_str id;               /**< dotted, 3 to 128 of a-z 0-9 - . ("org.example.ledger"); never changes */
    aludel_str name;             /**< for people */
    aludel_str version;          /**< of the code; another version starts the count of attempts anew */
    aludel_str vendor;
    aludel_str description;
    aludel_str config_schema; /**< JSON Schema of the config; empty: it takes none, or checks it itself */
    const aludel_subscription *const *subscriptions;

    /**
     * Makes an instance. Opens nothing that start() could.
     * @param config_json the operator's `config` as a JSON object; "{}" if there is none
     * @param self receives the instance, passed to all other functions; NULL is allowed
     */
    int32_t(ALUDEL_ABI *create)(aludel_call *call, const char *config_json, uint64_t size, void **self);
    /**
     * Brings the projection's tables from version `from` (0: there are none) to `to`, in one transaction with the note
     * of it. Required if projection_version is not 0. No time limit.
     */
    int32_t(ALUDEL_ABI *migrate)(void *self, aludel_call *call, uint32_t from, uint32_t to);
    /** Opens what the instance needs; threads may start here. May be NULL. */
    int32_t(ALUDEL_ABI *start)(void *self, aludel_call *call);
    /** Judges an event before handle(), without SQL; its outcome counts as the event's. May be NULL. */
    int32_t(ALUDEL_ABI *validate)(void *self, aludel_call *call, const aludel_event *event);
    /** Handles an event. What it writes is undone if it reports anything but handled or skip. */
    int32_t(ALUDEL_ABI *handle)(void *self, aludel_call *call, const aludel_event *event);
    /**
     * The batch is about to commit: writes what was gathered in memory. May be NULL. If it succeeds and anything but
     * rolled_back() follows, the batch is committed. If it fails, the batch is undone and delivered again one by one,
     * unless aludel_error.event_id names the event at fault.
     */
    int32_t(ALUDEL_ABI *flush)(void *self, aludel_call *call);
    /**
     * All that was delivered since the last commit, from `event_id` on, is undone in the projection; the instance
     * forgets what it gathered of it. Those events, or some of them, are delivered again. May be NULL for a handler that
     * keeps nothing in memory.
     */
    void(ALUDEL_ABI *rolled_back)(void *self, aludel_call *call, uint64_t event_id);
    /** Decides what becomes of a failed event under the strategy `custom`. May be NULL: then `custom` is refused. */
    int32_t(ALUDEL_ABI *on_error)(void *self, aludel_call *call, const aludel_event *event,
                                  const aludel_failure *failure, aludel_decision *decision);
    /** Ends what start() began; afterwards no thread of the instance runs. May be NULL. */
    void(ALUDEL_ABI *stop)(void *self, aludel_call *call);
    /** Frees the instance. No call object any more. */
    void(ALUDEL_ABI *destroy)(void *self);
    /** Constant answers to questions that later versions may ask, also before create(); NULL if unknown. May be NULL. */
    const void *(ALUDEL_ABI *get_extension)(const char *id, uint64_t size);
};

/**
 * What the host does for an instance. Which function works in which stage:
 *
 *                              create migrate start validate handle flush rolled_back on_error stop
 *     log, log_enabled, get_extension   any thread, from create() until stop() returns
 *     set_error, last_error, json  x       x      x      x       x     x        x         x      x
 *     subscribe                    x
 *     set_projection_version       x
 *     exec                                 x
 *     prepare                              x      x              x     x
 *     run, query, next                     x                     x     x
 *     column_name, last_insert_id          x                     x     x
 *     attribute, attribute_at                            x       x                        x
 *     emit                                                       x     x
 */
struct aludel_host {
    uint32_t struct_size;
    uint32_t abi_minor;   /**< the host's */
    aludel_str processor; /**< the name of the processor that the instance serves */
    aludel_str log_id;    /**< the log's UUID; with the event's id, a key for idempotent effects outside */

    /** Writes a line to the host's log, under the processor's name. Cut at 8 KiB. */
    void(ALUDEL_ABI *log)(const aludel_host *host, uint32_t level, const char *message, uint64_t size);
    /** 1 if lines of this level are written, else 0. */
    int32_t(ALUDEL_ABI *log_enabled)(const aludel_host *host, uint32_t level);
    /** The interface called `id`, constant for the life of the instance; NULL if this host does not have it. */
    const void *(ALUDEL_ABI *get_extension)(const aludel_host *host, const char *id, uint64_t size);

    /** Says why this function is about to report something else than success. Copied; UTF-8 is repaired. */
    int32_t(ALUDEL_ABI *set_error)(aludel_call *call, const aludel_error *error);
    /**
     * The latest error of this call: of set_error() or of a host function. Both empty if there is none; they stay until
     * the next host function.
     */
    int32_t(ALUDEL_ABI *last_error)(aludel_call *call, aludel_str *code, aludel_str *message);
    /**
     * Reads one value out of JSON text by an RFC 6901 pointer ("" is the whole, "/amount", "/lines/0/sku"). Integers
     * are exact. The value's bytes stay until the next json() or the end of the call. Passing the event's own data is
     * fast: it is parsed once per event.
     * @return ALUDEL_OK, ALUDEL_NOT_FOUND, ALUDEL_INVALID (not JSON, or not a pointer)
     */
    int32_t(ALUDEL_ABI *json)(aludel_call *call, const void *json, uint64_t size, const char *pointer,
                              uint64_t pointer_size, aludel_value *value);

    /**
     * Adds a subscription. The first one replaces those that aludel_handler lists. For handlers that are flagged
     * ALUDEL_HANDLER_DYNAMIC; one that ends up with none is refused.
     */
    int32_t(ALUDEL_ABI *subscribe)(aludel_call *call, uint32_t kind, const char *type, uint64_t size);
    /** Sets the projection's version, where it depends on the config. */
    int32_t(ALUDEL_ABI *set_projection_version)(aludel_call *call, uint32_t version);

    /** Runs SQL text, one or more statements, without parameters; the place for CREATE TABLE. */
    int32_t(ALUDEL_ABI *exec)(aludel_call *call, const char *sql, uint64_t size);

    /**
     * Prepares one SQL statement. The same text gives the same statement again, unless that is being walked. Keep it as
     * long as the instance lives; at most 1,024.
     */
    int32_t(ALUDEL_ABI *prepare)(aludel_call *call, const char *sql, uint64_t size, aludel_statement **statement);
    /**
     * Runs a statement to its end; rows are passed over. It is reset and all its parameters are bound first: `count` must
     * be their number.
     * @param changes rows inserted, updated or deleted; may be NULL
     */
    int32_t(ALUDEL_ABI *run)(aludel_call *call, aludel_statement *statement, const aludel_value *values,
                             uint64_t count, int64_t *changes);
    /** Begins to walk the rows of a SELECT or a RETURNING; parameters as for run(). next() gives the first row. */
    int32_t(ALUDEL_ABI *query)(aludel_call *call, aludel_statement *statement, const aludel_value *values,
                               uint64_t count);
    /**
     * The next row: ALUDEL_ROW with `count` values, which stay until the statement's next use, or ALUDEL_DONE. Done or
     * an error resets the statement; so does the end of the call.
     */
    int32_t(ALUDEL_ABI *next)(aludel_call *call, aludel_statement *statement, const aludel_value **row,
                              uint64_t *count);
    /** The name of a result column, from 0; stays until the statement's next use. */
    int32_t(ALUDEL_ABI *column_name)(aludel_call *call, aludel_statement *statement, uint64_t index,
                                     aludel_str *name);
    /** The rowid of the latest INSERT of this instance. */
    int32_t(ALUDEL_ABI *last_insert_id)(aludel_call *call, int64_t *id);

    /**
     * An attribute of the event by its CloudEvents name: `id`, `dataschema`, `traceparent`, extensions. What
     * aludel_event has members for is found too (`type`, `source`, `subject`, `datacontenttype`).
     * @return ALUDEL_OK, ALUDEL_NOT_FOUND
     */
    int32_t(ALUDEL_ABI *attribute)(aludel_call *call, const char *name, uint64_t size, aludel_str *value);
    /** The attributes that aludel_event has no member for, by index from 0. @return ALUDEL_OK, ALUDEL_DONE */
    int32_t(ALUDEL_ABI *attribute_at)(aludel_call *call, uint64_t index, aludel_str *name, aludel_str *value);

    /**
     * Appends an event to the log once this batch has committed, exactly once. Copied. Its time is that of the event that
     * caused it; the attributes `aludelcause` and `aludeldepth` tell that event's id, and how many emitted events led here.
     * In a rebuild and in a dry run it succeeds and does nothing.
     * @return ALUDEL_OK; ALUDEL_INVALID: the type is empty, a string is not UTF-8 or holds a NUL, the cause is none of this
     *     batch; ALUDEL_TOO_LARGE: a string over 1 KiB, data over 4 MiB; ALUDEL_LIMIT: over 1,000 events or 16 MiB of one
     *     event handled, or a depth over 32; ALUDEL_DENIED: there is no projection, or its transaction was lost
     */
    int32_t(ALUDEL_ABI *emit)(aludel_call *call, const aludel_new_event *event);
};

/**
 * The entry point, and the only export. Pure: no thread, no file, nothing but a pointer to static memory. May be called
 * more than once.
 * @return the description, or NULL after hello->refuse()
 */
ALUDEL_EXPORT const aludel_library *ALUDEL_ABI aludel_plugin_v1(const aludel_hello *hello);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ALUDEL_PLUGIN_H */
