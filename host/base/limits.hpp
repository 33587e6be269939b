// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of the host, in one place. Sizes are bytes.
namespace aludel::limits {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// Events
inline constexpr std::size_t event_data_max = 4 * MiB;
inline constexpr std::size_t event_name_max = 1 * KiB;  ///< type, source, key and content type each
inline constexpr std::size_t event_attributes_max = 16 * KiB;
inline constexpr std::size_t producer_max = 256;

// Ingest
inline constexpr std::size_t ingest_line_max = 8 * MiB;  ///< an event as JSON: base64 and escapes take more
inline constexpr std::size_t ingest_batch_lines_max = 10'000;
inline constexpr std::size_t ingest_batch_size_max = 4 * MiB;  ///< of JSON, unless one line is longer

// The log
inline constexpr std::size_t block_max = 64 * MiB;
inline constexpr std::size_t block_events_max = 1'000'000;
inline constexpr std::uint64_t log_events_max = std::uint64_t{1} << 48;  ///< ever appended
inline constexpr std::size_t segment_max = 128 * MiB;
inline constexpr std::size_t segment_min = 8 * MiB;                 ///< as configured: the largest event fits
inline constexpr std::size_t log_bytes_max = std::size_t{1} << 50;  ///< as configured
inline constexpr std::size_t min_free_default = 64 * MiB;           ///< of the log's file system
inline constexpr auto retention_interval =
    std::chrono::minutes(1);                                 ///< from one look at what is kept to the next
inline constexpr std::size_t log_types_max = 16'384;         ///< distinct types in one log
inline constexpr std::size_t log_producers_max = 65'536;     ///< distinct producers in one log
inline constexpr std::size_t log_queue_max = 2 * block_max;  ///< appends in memory, together
inline constexpr std::size_t log_group_max =
    8 * MiB;  ///< appends written and synced together, beside the first
inline constexpr std::size_t log_group_appends_max = 1'024;  ///< as one vectored write takes

// SQLite
inline constexpr auto sqlite_busy_time = std::chrono::milliseconds(5'000);  ///< how long a lock is waited for
inline constexpr auto look_time_max =
    std::chrono::milliseconds(5'000);  ///< a look at a few rows that a plugin may have spoilt
inline constexpr auto short_look_time_max = std::chrono::milliseconds(1'000);  ///< while all else waits
inline constexpr std::size_t sql_text_max = 1 * MiB;  ///< one text given to exec or prepare

// JSON, as handlers read it
inline constexpr std::size_t json_text_max = 64 * MiB;
inline constexpr std::size_t json_depth_max = 512;

// Plugins
inline constexpr std::size_t plugin_struct_max = 4'096;
inline constexpr std::size_t plugin_handlers_max = 256;
inline constexpr std::size_t plugin_text_max = 64 * KiB;  ///< name, description, schema... each
inline constexpr std::size_t handler_subscriptions_max = 1'024;
inline constexpr std::size_t handler_statements_max = 1'024;
inline constexpr std::size_t error_code_max = 64;
inline constexpr std::size_t error_message_max = 4 * KiB;
inline constexpr std::size_t error_detail_max = 64 * KiB;
inline constexpr std::size_t log_line_max = 8 * KiB;
inline constexpr std::size_t denials_told_max = 10;  ///< of one call, by one process
inline constexpr std::size_t inspection_output_max = 16 * MiB;
inline constexpr auto inspection_time_max = std::chrono::seconds(5);
inline constexpr auto watch_quiet = std::chrono::milliseconds(
    200);  ///< in which nothing is written to a plugin's folder: then it is looked at
inline constexpr std::size_t inspections_max = 16;  ///< at the same time

// Processors
inline constexpr std::size_t processor_config_max = 1 * MiB;  ///< `config`, as JSON
inline constexpr std::size_t processor_spec_max = 64 * MiB;   ///< what a child is told, config and all
inline constexpr std::uint64_t batch_size_default = 1'000;
inline constexpr std::uint64_t batch_size_max = 100'000;
inline constexpr auto batch_time_max = std::chrono::milliseconds(50);
inline constexpr auto call_time_default = std::chrono::seconds(60);
inline constexpr std::size_t processor_memory_min =
    64 * MiB;  ///< as configured: the host's own part has room
inline constexpr std::size_t processor_memory_max = std::size_t{1} << 50;
inline constexpr std::uint32_t open_files_default = 1'024;
inline constexpr std::uint32_t open_files_min = 64;  ///< log, projection and their like take some of them
inline constexpr std::uint32_t open_files_max = 1'000'000;
inline constexpr std::uint32_t threads_default = 256;
inline constexpr std::uint32_t threads_min = 4;  ///< the host's own are three
inline constexpr std::uint32_t threads_max = 100'000;
inline constexpr std::size_t transaction_size_default = 256 * MiB;
inline constexpr std::size_t transaction_size_min = 64 * MiB;  ///< several times SQLite's cache
inline constexpr std::size_t transaction_size_max = std::size_t{1} << 50;
inline constexpr auto stop_time_max = std::chrono::seconds(10);
inline constexpr auto late_stop_time_max =
    std::chrono::seconds(1);  ///< of a drain whose time is over already
inline constexpr auto load_time_min =
    inspection_time_max;  ///< to load a plugin, and to be gone at the end: a call's timeout, but not below
inline constexpr auto cut_off_time_max =
    std::chrono::seconds(2);  ///< to end, for a child whose connection to the host has ended
inline constexpr auto idle_progress_interval = std::chrono::seconds(1);
inline constexpr auto waiting_told_interval = std::chrono::milliseconds(100);
inline constexpr std::uint32_t emit_events_max = 1'000;  ///< of one event handled
inline constexpr std::size_t emit_size_max = 16 * MiB;   ///< of one event handled: types, keys, data...
inline constexpr std::uint32_t emit_depth_max = 32;      ///< emitted events that led to one another
inline constexpr std::size_t relay_events_max = 10'000;  ///< emitted events in one append
inline constexpr std::size_t relay_size_max = 4 * MiB;   ///< of them together, unless one is larger
inline constexpr std::size_t relay_producers_max =
    100;  ///< ids that one processor emits under, in a host's life: as many resets, and one
inline constexpr std::size_t relay_types_max = 1'024;       ///< that one processor emits, in a host's life
inline constexpr std::uint64_t retries_max = 1'000'000;     ///< that an operator may allow
inline constexpr std::size_t replays_queued_max = 100'000;  ///< letters that are due, in memory
inline constexpr auto retry_after_max = std::chrono::hours(24);  ///< what a handler may ask for
inline constexpr auto poll_interval = std::chrono::milliseconds(100);
inline constexpr int deaths_without_commit_max = 5;
inline constexpr std::uint32_t breaker_keys_max = 1'000;   ///< that an operator may have a breaker wait for
inline constexpr std::uint32_t interruptions_max = 3;      ///< in a row: the event has failed
inline constexpr std::size_t crash_output_max = 4 * KiB;   ///< what is kept of a dead child's stderr
inline constexpr std::uint32_t log_lines_default = 1'000;  ///< a second, of one processor
inline constexpr std::uint32_t log_lines_max = 100'000;    ///< that an operator may allow
inline constexpr std::size_t pipe_turn_max = 64 * KiB;  ///< read from one child before another has its turn
inline constexpr std::size_t pipe_rest_max = 1 * MiB;   ///< read from a child that has ended

// Commands
inline constexpr auto writer_wait_max =
    std::chrono::seconds(5);  ///< `append`, `run`: for another `append` to be done
inline constexpr auto input_wait_max =
    std::chrono::milliseconds(100);  ///< `append -`: holding the log, for more to append
inline constexpr auto connect_time_max = std::chrono::seconds(5);
inline constexpr auto status_time_max = std::chrono::seconds(5);  ///< for the host's answer
inline constexpr auto reload_time_max =
    std::chrono::minutes(5);  ///< for the host's answer: it inspects, stops, loads, migrates
inline constexpr auto query_time_max = std::chrono::seconds(5);
inline constexpr auto query_grace =
    std::chrono::seconds(1);                              ///< from the order to end to the end of patience
inline constexpr std::size_t query_value_max = 16 * MiB;  ///< a string or blob, also within the query
inline constexpr int copy_rounds_max = 5;                 ///< of a backup, while what it copies changes
inline constexpr int moment_attempts_max = 1'000;  ///< to see all projections at once, which takes no time
inline constexpr std::uint64_t letter_table_max = 1'000;  ///< letters of a processor's, as a table is printed
inline constexpr std::size_t query_table_max = 256 * MiB;  ///< a whole table, as it is printed

// Server
inline constexpr std::size_t request_body_max = block_max;
inline constexpr std::size_t request_bodies_max = 256 * MiB;  ///< of all requests that are being served
inline constexpr std::size_t request_header_max = 16 * KiB;
inline constexpr std::size_t connections_max = 256;
inline constexpr auto connection_idle_max = std::chrono::seconds(60);
inline constexpr auto request_time_max =
    std::chrono::seconds(30);  ///< for a request to arrive, once begun; for a client's append to be answered
inline constexpr auto answer_grace = std::chrono::seconds(1);  ///< when the host ends
inline constexpr auto refusal_grace =
    std::chrono::seconds(2);  ///< for the rest of a refused request, so that its sender hears why

}  // namespace aludel::limits
