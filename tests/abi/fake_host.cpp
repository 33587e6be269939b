// SPDX-License-Identifier: MIT
#include "abi/fake_host.hpp"

#include <cstdlib>
#include <cstring>

#include <simdjson.h>
#include <sqlite3.h>

struct aludel_statement {
  sqlite3_stmt* handle = nullptr;
  std::string text;
  bool walked = false;
  std::vector<aludel_value> row = {};

  aludel_statement(sqlite3_stmt* statement, std::string_view sql) : handle(statement), text(sql) {}
  aludel_statement(const aludel_statement&) = delete;
  aludel_statement& operator=(const aludel_statement&) = delete;
  ~aludel_statement() { sqlite3_finalize(handle); }

  void reset() {
    sqlite3_reset(handle);
    walked = false;
  }
};

namespace abi_test {
namespace {

constexpr std::uint32_t stage_bit(std::uint32_t stage) {
  return 1u << stage;
}
constexpr std::uint32_t any_stage = ~0u;
constexpr std::uint32_t sql_stages =
    stage_bit(ALUDEL_STAGE_MIGRATE) | stage_bit(ALUDEL_STAGE_HANDLE) | stage_bit(ALUDEL_STAGE_FLUSH);
constexpr std::uint32_t event_stages =
    stage_bit(ALUDEL_STAGE_VALIDATE) | stage_bit(ALUDEL_STAGE_HANDLE) | stage_bit(ALUDEL_STAGE_ON_ERROR);

std::string text_of(const aludel_str& text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}
aludel_str str_of(const std::string& text) {
  return {text.data(), text.size()};
}

int bind(sqlite3_stmt* statement, int index, const aludel_value& value) {
  const aludel_str& bytes = value.as.bytes;
  switch (value.type) {
    case ALUDEL_INTEGER:
    case ALUDEL_BOOLEAN: return sqlite3_bind_int64(statement, index, value.as.integer);
    case ALUDEL_REAL: return sqlite3_bind_double(statement, index, value.as.real);
    case ALUDEL_TEXT:
    case ALUDEL_JSON:
      return sqlite3_bind_text64(statement, index, bytes.size == 0 ? "" : bytes.data, bytes.size,
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    case ALUDEL_BLOB:
      return sqlite3_bind_blob64(statement, index, bytes.size == 0 ? "" : bytes.data, bytes.size,
                                 SQLITE_TRANSIENT);
    default: return sqlite3_bind_null(statement, index);
  }
}

aludel_value column(sqlite3_stmt* statement, int index) {
  aludel_value value{};
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      value.type = ALUDEL_INTEGER;
      value.as.integer = sqlite3_column_int64(statement, index);
      break;
    case SQLITE_FLOAT:
      value.type = ALUDEL_REAL;
      value.as.real = sqlite3_column_double(statement, index);
      break;
    case SQLITE_TEXT:
      value.type = ALUDEL_TEXT;
      value.as.bytes.data = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      value.as.bytes.size = static_cast<std::uint64_t>(sqlite3_column_bytes(statement, index));
      break;
    case SQLITE_BLOB:
      value.type = ALUDEL_BLOB;
      value.as.bytes.data = static_cast<const char*>(sqlite3_column_blob(statement, index));
      value.as.bytes.size = static_cast<std::uint64_t>(sqlite3_column_bytes(statement, index));
      break;
    default: break;
  }
  return value;
}

/// @param bytes receives what a text or JSON value points to
aludel_value value_of(simdjson::dom::element element, std::string& bytes) {
  using Type = simdjson::dom::element_type;
  aludel_value value{};
  switch (element.type()) {
    case Type::INT64: value.type = ALUDEL_INTEGER, value.as.integer = element.get_int64(); break;
    case Type::DOUBLE: value.type = ALUDEL_REAL, value.as.real = element.get_double(); break;
    case Type::BOOL: value.type = ALUDEL_BOOLEAN, value.as.integer = element.get_bool() ? 1 : 0; break;
    case Type::NULL_VALUE: break;
    case Type::STRING: value.type = ALUDEL_TEXT, bytes = std::string_view(element); break;
    default: value.type = ALUDEL_JSON, bytes = simdjson::minify(element);
  }
  if (value.type == ALUDEL_TEXT || value.type == ALUDEL_JSON) value.as.bytes = str_of(bytes);
  return value;
}

}  // namespace

struct FakeHost::Json {
  simdjson::dom::parser parser;
  std::string bytes;  ///< of the latest value
};

/// What aludel_host points to.
struct FakeHost::Functions {
  static FakeHost& of(aludel_call* call) { return *static_cast<Call*>(call)->self; }
  static FakeHost& of(const aludel_host* host) { return *static_cast<const Host*>(host)->self; }

  static void log(const aludel_host* host, std::uint32_t level, const char* message, std::uint64_t size) {
    FakeHost& self = of(host);
    const std::lock_guard lock(self.log_mutex_);
    self.log_lines_.push_back(std::to_string(level) + " " + std::string(message, size));
  }
  static std::int32_t log_enabled(const aludel_host*, std::uint32_t level) {
    return level >= ALUDEL_LOG_INFO ? 1 : 0;
  }
  static const void* get_extension(const aludel_host*, const char*, std::uint64_t) { return nullptr; }

  static std::int32_t set_error(aludel_call* call, const aludel_error* error) {
    FakeHost& self = of(call);
    if (!self.may(any_stage)) return ALUDEL_MISUSE;
    self.error_ = {text_of(error->code), text_of(error->message), text_of(error->detail_json),
                   error->retry_after_ms, error->event_id};
    return ALUDEL_OK;
  }
  static std::int32_t last_error(aludel_call* call, aludel_str* code, aludel_str* message) {
    *code = str_of(of(call).error_.code);
    *message = str_of(of(call).error_.message);
    return ALUDEL_OK;
  }

  static std::int32_t json(aludel_call* call, const void* text, std::uint64_t size, const char* pointer,
                           std::uint64_t pointer_size, aludel_value* value) {
    FakeHost& self = of(call);
    if (!self.may(any_stage)) return ALUDEL_MISUSE;
    simdjson::dom::element root;
    if (const auto error = self.json_->parser.parse(static_cast<const char*>(text), size).get(root))
      return self.fail(ALUDEL_INVALID, simdjson::error_message(error));
    simdjson::dom::element found;
    const auto error = root.at_pointer(std::string_view(pointer, pointer_size)).get(found);
    if (error == simdjson::INVALID_JSON_POINTER)
      return self.fail(ALUDEL_INVALID, simdjson::error_message(error));
    if (error) return self.fail(ALUDEL_NOT_FOUND, simdjson::error_message(error));
    *value = value_of(found, self.json_->bytes);
    return ALUDEL_OK;
  }

  static std::int32_t subscribe(aludel_call* call, std::uint32_t kind, const char* type, std::uint64_t size) {
    FakeHost& self = of(call);
    if (!self.may(stage_bit(ALUDEL_STAGE_CREATE))) return ALUDEL_MISUSE;
    if (const auto result = self.injected()) return *result;
    self.subscriptions_.push_back(std::to_string(kind) + " " + std::string(type, size));
    return ALUDEL_OK;
  }
  static std::int32_t set_projection_version(aludel_call* call, std::uint32_t version) {
    FakeHost& self = of(call);
    if (!self.may(stage_bit(ALUDEL_STAGE_CREATE))) return ALUDEL_MISUSE;
    self.projection_version_ = version;
    return ALUDEL_OK;
  }

  static std::int32_t exec(aludel_call* call, const char* sql, std::uint64_t size) {
    FakeHost& self = of(call);
    if (!self.may(stage_bit(ALUDEL_STAGE_MIGRATE))) return ALUDEL_MISUSE;
    return self.sqlite_error(
        sqlite3_exec(self.database_, std::string(sql, size).c_str(), nullptr, nullptr, nullptr));
  }

  static std::int32_t prepare(aludel_call* call, const char* sql, std::uint64_t size,
                              aludel_statement** statement) {
    FakeHost& self = of(call);
    if (!self.may(sql_stages | stage_bit(ALUDEL_STAGE_START))) return ALUDEL_MISUSE;
    ++self.prepare_calls_;
    const std::string_view text(sql, size);
    for (const auto& known : self.statements_) {
      if (known->text != text || known->walked) continue;
      *statement = known.get();
      return ALUDEL_OK;
    }
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(self.database_, sql, static_cast<int>(size),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) return self.sqlite_error(code);
    *statement = self.statements_.emplace_back(std::make_unique<aludel_statement>(handle, text)).get();
    return ALUDEL_OK;
  }

  static std::int32_t query(aludel_call* call, aludel_statement* statement, const aludel_value* values,
                            std::uint64_t count) {
    FakeHost& self = of(call);
    if (!self.may(sql_stages)) return ALUDEL_MISUSE;
    if (const auto result = self.injected()) return *result;
    statement->reset();
    if (count != static_cast<std::uint64_t>(sqlite3_bind_parameter_count(statement->handle)))
      return self.fail(ALUDEL_MISUSE, "wrong number of parameters");
    for (std::uint64_t i = 0; i != count; ++i)
      bind(statement->handle, static_cast<int>(i) + 1, values[i]);
    statement->walked = true;
    return ALUDEL_OK;
  }

  static std::int32_t next(aludel_call* call, aludel_statement* statement, const aludel_value** row,
                           std::uint64_t* count) {
    FakeHost& self = of(call);
    if (!self.may(sql_stages) || !statement->walked) return ALUDEL_MISUSE;
    const int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW) {
      const std::int32_t result = code == SQLITE_DONE ? ALUDEL_DONE : self.sqlite_error(code);
      statement->reset();
      return result;
    }
    statement->row.clear();
    const int columns = sqlite3_column_count(statement->handle);
    for (int i = 0; i != columns; ++i)
      statement->row.push_back(column(statement->handle, i));
    *row = statement->row.data();
    *count = statement->row.size();
    return ALUDEL_ROW;
  }

  static std::int32_t run(aludel_call* call, aludel_statement* statement, const aludel_value* values,
                          std::uint64_t count, std::int64_t* changes) {
    if (const std::int32_t result = query(call, statement, values, count); result != ALUDEL_OK) return result;
    FakeHost& self = of(call);
    const int before = sqlite3_total_changes(self.database_);
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
      code = sqlite3_step(statement->handle);
    const std::int32_t result = code == SQLITE_DONE ? ALUDEL_OK : self.sqlite_error(code);
    statement->reset();
    if (changes != nullptr) *changes = sqlite3_total_changes(self.database_) - before;
    return result;
  }

  static std::int32_t column_name(aludel_call*, aludel_statement* statement, std::uint64_t index,
                                  aludel_str* name) {
    const char* const text = sqlite3_column_name(statement->handle, static_cast<int>(index));
    *name = {text, std::strlen(text)};
    return ALUDEL_OK;
  }
  static std::int32_t last_insert_id(aludel_call* call, std::int64_t* id) {
    *id = sqlite3_last_insert_rowid(of(call).database_);
    return ALUDEL_OK;
  }

  static std::int32_t attribute(aludel_call* call, const char* name, std::uint64_t size, aludel_str* value) {
    FakeHost& self = of(call);
    if (!self.may(event_stages)) return ALUDEL_MISUSE;
    for (const auto& [key, text] : self.event_->attributes) {
      if (key != std::string_view(name, size)) continue;
      *value = str_of(text);
      return ALUDEL_OK;
    }
    return self.fail(ALUDEL_NOT_FOUND, "no such attribute");
  }
  static std::int32_t attribute_at(aludel_call* call, std::uint64_t index, aludel_str* name,
                                   aludel_str* value) {
    const auto& attributes = of(call).event_->attributes;
    if (index >= attributes.size()) return ALUDEL_DONE;
    *name = str_of(attributes[index].first);
    *value = str_of(attributes[index].second);
    return ALUDEL_OK;
  }

  static std::int32_t emit(aludel_call* call, const aludel_new_event* event) {
    FakeHost& self = of(call);
    if (!self.may(stage_bit(ALUDEL_STAGE_HANDLE) | stage_bit(ALUDEL_STAGE_FLUSH))) return ALUDEL_MISUSE;
    if (const auto result = self.injected()) return *result;
    self.emitted_.push_back(text_of(event->type) + " " + text_of(event->key) + " " +
                            std::string(static_cast<const char*>(event->data), event->data_size));
    return ALUDEL_OK;
  }
};

FakeHost::FakeHost() : json_(std::make_unique<Json>()) {
  if (sqlite3_open(":memory:", &database_) != SQLITE_OK) std::abort();
  static_cast<aludel_host&>(host_) = {sizeof(aludel_host),
                                      ALUDEL_ABI_MINOR,
                                      ALUDEL_STR("test"),
                                      ALUDEL_STR("0190b6e0-0000-7000-8000-000000000000"),
                                      Functions::log,
                                      Functions::log_enabled,
                                      Functions::get_extension,
                                      Functions::set_error,
                                      Functions::last_error,
                                      Functions::json,
                                      Functions::subscribe,
                                      Functions::set_projection_version,
                                      Functions::exec,
                                      Functions::prepare,
                                      Functions::run,
                                      Functions::query,
                                      Functions::next,
                                      Functions::column_name,
                                      Functions::last_insert_id,
                                      Functions::attribute,
                                      Functions::attribute_at,
                                      Functions::emit};
  host_.self = this;
  static_cast<aludel_call&>(call_) = {sizeof(aludel_call), 0, 0, 0, &host_};
  call_.self = this;
}

FakeHost::~FakeHost() {
  statements_.clear();
  sqlite3_close(database_);
}

aludel_call* FakeHost::call() {
  return &call_;
}

void FakeHost::enter(std::uint32_t stage, const TestEvent* event, std::uint32_t flags) {
  call_.stage = stage;
  call_.flags = flags;
  call_.attempt = event == nullptr ? 0 : 1;
  event_ = event;
  error_ = {};
  thread_ = std::this_thread::get_id();
  open_ = true;
}

void FakeHost::leave() {
  open_ = false;
  call_.stage = 0;
  for (const auto& statement : statements_)
    statement->reset();
}

bool FakeHost::may(std::uint32_t stages) {
  const bool allowed =
      open_ && thread_ == std::this_thread::get_id() && (stages & stage_bit(call_.stage)) != 0;
  if (!allowed && thread_ == std::this_thread::get_id()) fail(ALUDEL_MISUSE, "not in this stage");
  return allowed;
}

void FakeHost::fail_next(std::int32_t result, std::string message) {
  injected_.emplace(result, std::move(message));
}

std::optional<std::int32_t> FakeHost::injected() {
  if (!injected_) return std::nullopt;
  const auto [result, message] = *std::exchange(injected_, std::nullopt);
  return fail(result, message);
}

std::int32_t FakeHost::fail(std::int32_t result, std::string message) {
  static constexpr const char* codes[] = {"ok",       "misuse",    "sql_error", "constraint",
                                          "denied",   "too_large", "not_found", "busy",
                                          "io_error", "invalid",   "limit"};
  error_ = {};
  error_.code = codes[-result];
  error_.message = std::move(message);
  return result;
}

std::int32_t FakeHost::sqlite_error(int code) {
  if (code == SQLITE_OK) return ALUDEL_OK;
  return fail((code & 0xff) == SQLITE_CONSTRAINT ? ALUDEL_CONSTRAINT : ALUDEL_SQL_ERROR,
              sqlite3_errmsg(database_));
}

void FakeHost::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
}

std::string FakeHost::rows(const std::string& sql) {
  std::string text;
  const auto add = [](void* sink, int count, char** values, char**) {
    auto& out = *static_cast<std::string*>(sink);
    if (!out.empty()) out += '\n';
    for (int i = 0; i != count; ++i)
      out.append(i == 0 ? "" : "|").append(values[i] == nullptr ? "null" : values[i]);
    return 0;
  };
  if (sqlite3_exec(database_, sql.c_str(), add, &text, nullptr) != SQLITE_OK)
    return sqlite3_errmsg(database_);
  return text;
}

std::vector<std::string> FakeHost::log_lines() const {
  const std::lock_guard lock(log_mutex_);
  return log_lines_;
}

}  // namespace abi_test
