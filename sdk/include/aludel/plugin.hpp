// SPDX-License-Identifier: MIT
/// @file plugin.hpp
/// Aludel handlers in C++17: a header-only wrapper of plugin.h, where the host's promises stand.
///
/// A whole plugin, which counts events by type:
///
///     #include <aludel/plugin.hpp>
///
///     struct Counter {
///       static constexpr const char* migrations[] = {
///           "create table counter (type text primary key, events integer)"};
///
///       void handle(aludel::Call& call, const aludel::Event& event) {
///         call.sql("insert into counter values (?, 1) on conflict do update set events = events + 1")
///             .run(event.type());
///       }
///     };
///
///     ALUDEL_PLUGIN(aludel::handler<Counter>("org.example.counter", "1.0.0").on_all())
///
/// The members of such a class; all but handle() are optional, and all are public:
///
/// - `H()` or `H(const Config&)`. Throws to refuse a config.
/// - `static constexpr const char* migrations[]`: SQL scripts; the n-th brings the tables from version n - 1
///   to n. Only ever append. By hand: `static constexpr std::uint32_t projection_version` and
///   `void migrate(Call&, std::uint32_t from, std::uint32_t to)`. Where the config says what the tables are,
///   a member that the constructor fills: `std::vector<std::string> migrations`.
/// - `std::vector<Subscription> subscriptions`, filled by the constructor, where the config says which types
///   are wanted: in place of `.on(...)`.
/// - `void start(Call&)`, `void stop(Call&)`: the handler's own threads live between them.
/// - `void validate(Call&, const Event&)`: before handle(), without SQL.
/// - `void handle(Call&, const Event&)`: what it wrote is undone if it throws, `skip` excepted.
/// - `void flush(Call&)`: the batch is about to commit; writes what was gathered in memory.
/// - `void rolled_back(Call&, std::uint64_t id)`: forgets what was gathered from event `id` on. If it throws,
///   the processor stops at the next event: memory that holds undone events must not be committed.
/// - `Decision on_error(Call&, const Event&, const Failure&)`: what becomes of a failed event, under the
///   strategy `custom`.
///
/// All but rolled_back(), on_error() and stop() may return an `Outcome` instead. Throw `skip`, `retry`,
/// `fail` or `fatal` (outcome.hpp) to say what became of an event; every other exception counts as `fail`.
///
/// Calls to one instance never overlap; instances of the same handler run at once. Link with aludel.map, so
/// that aludel_plugin_v1 is the plugin's only symbol.
#pragma once

#include <aludel/cpp/handler.hpp>

/// Exports one or more handlers. Once a plugin, outside of any namespace.
#define ALUDEL_PLUGIN(...)                                                               \
  namespace {                                                                            \
  constexpr auto aludel_plugin_handlers = ::aludel::handlers(__VA_ARGS__);               \
  }                                                                                      \
  ALUDEL_EXPORT const aludel_library* ALUDEL_ABI aludel_plugin_v1(const aludel_hello*) { \
    return ::aludel::library<aludel_plugin_handlers>();                                  \
  }
