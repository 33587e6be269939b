// SPDX-License-Identifier: MIT
#include <new>
#include <optional>
#include <span>
#include <string>

#include "base/limits.hpp"
#include "plugin/abi_struct.hpp"
#include "plugin/declaration.hpp"
#include "plugin/host_side.hpp"

namespace aludel {

namespace {

constexpr auto in_sql = stages(Stage::migrate, Stage::handle, Stage::flush);
constexpr auto with_event = stages(Stage::validate, Stage::handle, Stage::on_error);

std::int32_t misuse(HostSide& side, const char* function, const char* what) {
  return side.errors.fail(ALUDEL_MISUSE, "misuse", std::string(function) + "(): " + what);
}

bool is_readable(const void* data, std::uint64_t size) {
  return data != nullptr || size == 0;
}

std::string_view view(const void* data, std::uint64_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

// Every host function that takes a call: lets it pass only inside a call, on its thread, in its stages.
template <typename Function>
std::int32_t serve(aludel_call* call, StageSet allowed, const char* name, Function function) noexcept {
  auto* side = HostSide::of(call);
  if (side == nullptr) return ALUDEL_MISUSE;
  if (!side->gate.is_open_here()) {
    side->report_stray(name);
    return ALUDEL_MISUSE;
  }
  try {
    if (!side->gate.is_in(allowed)) {
      return side->errors.fail(
          ALUDEL_MISUSE, "misuse",
          std::string(name) + "() does not work in " + std::string(to_string(side->gate.stage())) + "()");
    }
    return function(*side);
  } catch (const std::bad_alloc&) {
    return side->errors.outage("memory", "out of memory");
  }
}

template <typename Function>
std::int32_t serve_sql(aludel_call* call, StageSet allowed, const char* name, Function function) noexcept {
  return serve(call, allowed, name, [&](HostSide& side) -> std::int32_t {
    if (side.sql) return function(side, *side.sql);
    return side.errors.fail(ALUDEL_DENIED, "denied",
                            std::string(name) + "(): this instance has no projection");
  });
}

void ALUDEL_ABI log(const aludel_host* host, std::uint32_t level, const char* message,
                    std::uint64_t size) noexcept {
  auto* side = HostSide::of(host);
  if (side == nullptr || !is_readable(message, size)) return;
  side->write_log(level, view(message, size), LogOrigin::plugin);
}

std::int32_t ALUDEL_ABI log_enabled(const aludel_host* host, std::uint32_t level) noexcept {
  const auto* side = HostSide::of(host);
  return side != nullptr && side->is_logged(level) ? 1 : 0;
}

const void* ALUDEL_ABI get_extension(const aludel_host* /*host*/, const char* /*id*/,
                                     std::uint64_t /*size*/) noexcept {
  return nullptr;  // 1.0 has none
}

std::int32_t ALUDEL_ABI set_error(aludel_call* call, const aludel_error* error) noexcept {
  return serve(call, every_stage, "set_error", [&](HostSide& side) { return side.errors.set(error); });
}

std::int32_t ALUDEL_ABI last_error(aludel_call* call, aludel_str* code, aludel_str* message) noexcept {
  return serve(call, every_stage, "last_error", [&](HostSide& side) -> std::int32_t {
    if (code == nullptr || message == nullptr) return misuse(side, "last_error", "code or message is NULL");
    *code = side.errors.present() ? abi_str(side.errors.latest().code) : abi_str("");
    *message = side.errors.present() ? abi_str(side.errors.latest().message) : abi_str("");
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI json(aludel_call* call, const void* text, std::uint64_t size, const char* pointer,
                             std::uint64_t pointer_size, aludel_value* value) noexcept {
  return serve(call, every_stage, "json", [&](HostSide& side) -> std::int32_t {
    if (!is_readable(text, size) || !is_readable(pointer, pointer_size) || value == nullptr) {
      return misuse(side, "json", "the text, pointer or value is NULL");
    }
    return side.read_json(view(text, size), view(pointer, pointer_size), *value);
  });
}

std::int32_t ALUDEL_ABI subscribe(aludel_call* call, std::uint32_t kind, const char* type,
                                  std::uint64_t size) noexcept {
  return serve(call, stages(Stage::create), "subscribe", [&](HostSide& side) -> std::int32_t {
    auto& description = side.description;
    if (!is_readable(type, size)) return misuse(side, "subscribe", "the type is NULL with a size");
    if ((description.flags & ALUDEL_HANDLER_DYNAMIC) == 0) {
      return misuse(side, "subscribe", "the handler does not have ALUDEL_HANDLER_DYNAMIC");
    }
    if (const auto fault = subscription_fault(kind, view(type, size)); !fault.empty()) {
      return side.errors.fail(ALUDEL_INVALID, "invalid", "subscribe(): " + fault);
    }
    if (!side.has_subscribed) description.subscriptions.clear();
    side.has_subscribed = true;
    if (description.subscriptions.size() >= limits::handler_subscriptions_max) {
      return side.errors.fail(
          ALUDEL_LIMIT, "limit",
          "subscribe(): over " + std::to_string(limits::handler_subscriptions_max) + " subscriptions");
    }
    description.subscriptions.push_back(
        {static_cast<Subscription::Kind>(kind), std::string(view(type, size))});
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI set_projection_version(aludel_call* call, std::uint32_t version) noexcept {
  return serve(call, stages(Stage::create), "set_projection_version", [&](HostSide& side) -> std::int32_t {
    if (version != 0 && !side.can_migrate) return misuse(side, "set_projection_version", "migrate is NULL");
    side.description.projection_version = version;
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI exec(aludel_call* call, const char* text, std::uint64_t size) noexcept {
  return serve_sql(call, stages(Stage::migrate), "exec",
                   [&](HostSide& side, SqlSession& sql) -> std::int32_t {
                     if (!is_readable(text, size)) return misuse(side, "exec", "the SQL is NULL with a size");
                     return sql.exec(view(text, size));
                   });
}

std::int32_t ALUDEL_ABI prepare(aludel_call* call, const char* text, std::uint64_t size,
                                aludel_statement** statement) noexcept {
  return serve_sql(call, in_sql | stages(Stage::start), "prepare",
                   [&](HostSide& side, SqlSession& sql) -> std::int32_t {
                     if (!is_readable(text, size) || statement == nullptr) {
                       return misuse(side, "prepare", "the SQL or the statement is NULL");
                     }
                     *statement = nullptr;
                     return sql.prepare(view(text, size), statement);
                   });
}

std::int32_t ALUDEL_ABI run(aludel_call* call, aludel_statement* statement, const aludel_value* values,
                            std::uint64_t count, std::int64_t* changes) noexcept {
  return serve_sql(call, in_sql, "run", [&](HostSide& side, SqlSession& sql) -> std::int32_t {
    if (changes != nullptr) *changes = 0;
    if (!is_readable(values, count)) return misuse(side, "run", "the values are NULL with a count");
    return sql.run(statement, std::span(values, count), changes);
  });
}

std::int32_t ALUDEL_ABI query(aludel_call* call, aludel_statement* statement, const aludel_value* values,
                              std::uint64_t count) noexcept {
  return serve_sql(call, in_sql, "query", [&](HostSide& side, SqlSession& sql) -> std::int32_t {
    if (!is_readable(values, count)) return misuse(side, "query", "the values are NULL with a count");
    return sql.query(statement, std::span(values, count));
  });
}

std::int32_t ALUDEL_ABI next(aludel_call* call, aludel_statement* statement, const aludel_value** row,
                             std::uint64_t* count) noexcept {
  return serve_sql(call, in_sql, "next", [&](HostSide& side, SqlSession& sql) -> std::int32_t {
    if (row == nullptr || count == nullptr) return misuse(side, "next", "the row or the count is NULL");
    *row = nullptr;
    *count = 0;
    return sql.next(statement, row, count);
  });
}

std::int32_t ALUDEL_ABI column_name(aludel_call* call, aludel_statement* statement, std::uint64_t index,
                                    aludel_str* name) noexcept {
  return serve_sql(call, in_sql, "column_name", [&](HostSide& side, SqlSession& sql) -> std::int32_t {
    if (name == nullptr) return misuse(side, "column_name", "the name is NULL");
    return sql.column_name(statement, index, name);
  });
}

std::int32_t ALUDEL_ABI last_insert_id(aludel_call* call, std::int64_t* id) noexcept {
  return serve_sql(call, in_sql, "last_insert_id", [&](HostSide& side, SqlSession& sql) -> std::int32_t {
    if (id == nullptr) return misuse(side, "last_insert_id", "the id is NULL");
    *id = sql.last_insert_id();
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI attribute(aludel_call* call, const char* name, std::uint64_t size,
                                  aludel_str* value) noexcept {
  return serve(call, with_event, "attribute", [&](HostSide& side) -> std::int32_t {
    if (!is_readable(name, size) || value == nullptr)
      return misuse(side, "attribute", "the name or value is NULL");
    const auto found = side.attribute(view(name, size));
    if (!found) {
      return side.errors.fail(ALUDEL_NOT_FOUND, "not_found",
                              "attribute(): the event has no " + std::string(view(name, size)));
    }
    *value = abi_str(*found);
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI attribute_at(aludel_call* call, std::uint64_t index, aludel_str* name,
                                     aludel_str* value) noexcept {
  return serve(call, with_event, "attribute_at", [&](HostSide& side) -> std::int32_t {
    if (name == nullptr || value == nullptr) return misuse(side, "attribute_at", "the name or value is NULL");
    const auto found = side.event->attributes.at(index);
    if (!found) return ALUDEL_DONE;
    *name = abi_str(found->name);
    *value = abi_str(found->value);
    return ALUDEL_OK;
  });
}

std::int32_t ALUDEL_ABI emit(aludel_call* call, const aludel_new_event* event) noexcept {
  return serve_sql(call, stages(Stage::handle, Stage::flush), "emit",
                   [&](HostSide& side, SqlSession& sql) -> std::int32_t {
                     aludel_new_event given;
                     if (copy_struct(event, given) != StructFault::none) {
                       return misuse(side, "emit", "the event is NULL, or its struct_size is not sizeof");
                     }
                     const bool in_flush = side.gate.stage() == Stage::flush;
                     return side.emissions.emit(given, in_flush ? std::optional(given.cause) : std::nullopt,
                                                sql);
                   });
}

}  // namespace

aludel_host host_functions() {
  aludel_host host{};
  host.struct_size = sizeof host;
  host.abi_minor = ALUDEL_ABI_MINOR;
  host.log = log;
  host.log_enabled = log_enabled;
  host.get_extension = get_extension;
  host.set_error = set_error;
  host.last_error = last_error;
  host.json = json;
  host.subscribe = subscribe;
  host.set_projection_version = set_projection_version;
  host.exec = exec;
  host.prepare = prepare;
  host.run = run;
  host.query = query;
  host.next = next;
  host.column_name = column_name;
  host.last_insert_id = last_insert_id;
  host.attribute = attribute;
  host.attribute_at = attribute_at;
  host.emit = emit;
  return host;
}

}  // namespace aludel
