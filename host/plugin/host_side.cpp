// SPDX-License-Identifier: MIT
#include "plugin/host_side.hpp"

#include <algorithm>
#include <new>

#include "base/limits.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"

namespace aludel {

namespace {

constexpr std::size_t readable_behind_event_data = 64;

LogLevel level_of(std::uint32_t level) {
  return static_cast<LogLevel>(std::min(level, static_cast<std::uint32_t>(LogLevel::error)));
}

aludel_value abi_value(const JsonValue& value) {
  aludel_value out{};
  switch (value.type) {
    case JsonValue::Type::null: out.type = ALUDEL_NULL; break;
    case JsonValue::Type::integer:
      out.type = ALUDEL_INTEGER;
      out.as.integer = value.integer;
      break;
    case JsonValue::Type::real:
      out.type = ALUDEL_REAL;
      out.as.real = value.real;
      break;
    case JsonValue::Type::boolean:
      out.type = ALUDEL_BOOLEAN;
      out.as.integer = value.integer;
      break;
    case JsonValue::Type::text:
      out.type = ALUDEL_TEXT;
      out.as.bytes = abi_str(value.text);
      break;
    case JsonValue::Type::json:
      out.type = ALUDEL_JSON;
      out.as.bytes = abi_str(value.text);
      break;
  }
  return out;
}

std::int32_t result_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found: return ALUDEL_NOT_FOUND;
    case ErrorCode::limit: return ALUDEL_LIMIT;
    default: return ALUDEL_INVALID;
  }
}

}  // namespace

HostSide::HostSide(Instance::Context context)
    : emissions(context.emits, errors, context.allowance.emitted_events),
      processor_(std::move(context.processor)),
      log_id_(context.log_id.to_string()),
      log_(context.log) {
  static_cast<aludel_host&>(table_) = host_functions();
  table_.processor = abi_str(processor_);
  table_.log_id = abi_str(log_id_);
  table_.side = this;
  if (context.projection != nullptr)
    sql.emplace(*context.projection, errors, context.allowance.transaction_size);
}

HostSide* HostSide::of(const aludel_host* host) {
  return host == nullptr ? nullptr : static_cast<const Table*>(host)->side;
}

HostSide* HostSide::of(const aludel_call* call) {
  if (call == nullptr) return nullptr;
  auto* side = of(call->host);
  return side != nullptr && &side->call == call ? side : nullptr;
}

bool HostSide::is_logged(std::uint32_t level) const noexcept {
  return log_ != nullptr && log_open_.load(std::memory_order_acquire) && log_->enabled(level_of(level));
}

void HostSide::check_log() {
  if (log_ != nullptr) log_->check();
}

void HostSide::write_log(std::uint32_t level, std::string_view line, LogOrigin origin) noexcept {
  if (!is_logged(level)) return;
  try {
    log_->write(level_of(level), repaired_utf8(line, limits::log_line_max), origin);
  } catch (const std::bad_alloc&) {
    // A line is lost; the call that ran out of memory says so itself.
  }
}

void HostSide::report_stray(const char* function) noexcept {
  if (stray_reported_.exchange(true, std::memory_order_relaxed)) return;
  try {
    write_log(
        ALUDEL_LOG_WARNING,
        std::string("the plugin calls ") + function +
            "() outside of a call, or on another thread: it is refused (further such calls are not logged)");
  } catch (const std::bad_alloc&) {
  }
}

// The event's own data, known by its place, is parsed once; other text each time.
Result<JsonDocument*> HostSide::parsed(std::string_view text) {
  const bool is_event_data =
      event != nullptr && text.data() == event->data.data() && text.size() == event->data.size();
  if (!is_event_data) {
    if (other_json_ == nullptr) other_json_ = std::make_unique<JsonDocument>();
    if (const auto result = other_json_->parse(text, 0); !result) return result.error();
    return other_json_.get();
  }
  if (event_json_ == nullptr) event_json_ = std::make_unique<JsonDocument>();
  if (event_json_state_ == JsonState::not_parsed) {
    const auto result = event_json_->parse(text, readable_behind_event_data);
    event_json_state_ = result ? JsonState::good : JsonState::bad;
    if (!result) event_json_error_ = result.error();
  }
  if (event_json_state_ == JsonState::bad) return event_json_error_;
  return event_json_.get();
}

std::int32_t HostSide::read_json(std::string_view text, std::string_view pointer, aludel_value& value) {
  const auto failed = [this](const Error& error) {
    return errors.fail(result_of(error.code), to_string(error.code), error.message);
  };
  const auto document = parsed(text);
  if (!document) return failed(document.error());
  const auto read = (*document)->at(pointer);
  if (!read) return failed(read.error());
  value = abi_value(*read);
  return ALUDEL_OK;
}

std::optional<std::string_view> HostSide::attribute(std::string_view name) {
  const auto unless_empty = [](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  if (name == "type") return event->type;
  if (name == "source") return unless_empty(event->source);
  if (name == "subject") return unless_empty(event->key);
  if (name == "datacontenttype") return unless_empty(event->content_type);
  if (name == "time") return attribute_text_ = format_time(event->time_ns);
  if (const auto value = event->attributes.find(name)) return value;
  // An event that came without an id is known by its position.
  if (name == "id") return attribute_text_ = std::to_string(event->id);
  return std::nullopt;
}

}  // namespace aludel
