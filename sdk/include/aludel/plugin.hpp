// SPDX-License-Identifier: MIT
/// @file plugin.hpp
/// Aludel handlers in C++17: a header-only wrapper of plugin.h. Read there what the host promises and
/// expects.
///
/// A whole plugin, which counts events by type:
///
///     #include <aludel/plugin.hpp>
///
///     struct Counter {
///       static constexpr const char* migrations[] = {"create table counter (type text primary key, events
///       integer)"};
///
///       void handle(aludel::Call& call, const aludel::Event& event) {
///         call.sql("insert into counter values (?, 1) on conflict do update set events = events + 1")
///             .run(event.type());
///       }
///     };
///
///     ALUDEL_PLUGIN(aludel::handler<Counter>("org.example.counter", "1.0.0").on_all())
///
/// THE CLASS
///
///   H() or H(const Config&)                  throw to refuse a config
///   static constexpr const char* migrations[]  SQL scripts: the n-th brings the tables from version n - 1 to
///   n. Only ever
///                                            append. Or, by hand, `static constexpr uint32_t
///                                            projection_version` and
///   void migrate(Call&, uint32_t from, uint32_t to)
///   void handle(Call&, const Event&)         required. What it wrote is undone if it throws, `skip` excepted
///   void start(Call&), void stop(Call&)      own threads live between them
///   void validate(Call&, const Event&)       before handle(), without SQL
///   void flush(Call&)                        the batch is about to commit: write what was gathered in memory
///   void rolled_back(Call&, uint64_t id)     forget what was gathered from event `id` on; do not throw
///   Decision on_error(Call&, const Event&, const Failure&)   what becomes of a failed event under the
///   strategy `custom`
///
/// All but handle() are optional, and public. Each `void` but those of stop() and rolled_back() may be
/// `Outcome` instead. Throw `skip`, `retry`, `fail`, `fatal` (outcome.hpp) to say what became of an event;
/// all other exceptions are `fail`.
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
