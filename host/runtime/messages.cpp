// SPDX-License-Identifier: MIT
#include "runtime/messages.hpp"

#include <optional>
#include <stdexcept>

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "runtime/json_reading.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::value error_value(const std::optional<ProcessorError>& error) {
  if (!error) return nullptr;
  json::value event_id = nullptr;
  if (error->event_id) event_id = *error->event_id;
  json::value next_try_ns = nullptr;
  if (error->next_try_ns) next_try_ns = *error->next_try_ns;
  return {{"event_id", event_id},
          {"since_ns", error->since_ns},
          {"attempt", error->attempt},
          {"outcome", error->outcome},
          {"stage", error->stage},
          {"code", error->code},
          {"message", error->message},
          {"detail_json", error->detail_json},
          {"first_failed_ns", error->first_failed_ns},
          {"next_try_ns", next_try_ns}};
}

std::optional<ProcessorError> read_error(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  const auto& o = value.as_object();
  ProcessorError error;
  if (!o.at("event_id").is_null()) error.event_id = number_at(o, "event_id");
  error.since_ns = o.at("since_ns").to_number<std::int64_t>();
  error.attempt = o.at("attempt").to_number<std::uint32_t>();
  error.outcome = text_at(o, "outcome");
  error.stage = text_at(o, "stage");
  error.code = text_at(o, "code");
  error.message = text_at(o, "message");
  error.detail_json = text_at(o, "detail_json");
  error.first_failed_ns = o.at("first_failed_ns").to_number<std::int64_t>();
  if (!o.at("next_try_ns").is_null()) error.next_try_ns = o.at("next_try_ns").to_number<std::int64_t>();
  return error;
}

json::object state_object(const ProcessorState& state) {
  return {{"activity", to_string(state.activity)},
          {"up", state.up},
          {"handler_id", state.handler_id},
          {"handler_version", state.handler_version},
          {"next", state.next},
          {"handled", state.handled},
          {"skipped", state.skipped},
          {"dead_letters", state.dead_letters},
          {"error", error_value(state.error)}};
}

ProcessorState read_state_object(const json::object& o) {
  ProcessorState state;
  const auto activity = parse_activity(text_at(o, "activity"));
  if (!activity) throw std::invalid_argument("unknown activity");
  state.activity = *activity;
  if (const auto* up = o.if_contains("up")) state.up = up->as_bool();
  state.handler_id = text_at(o, "handler_id");
  state.handler_version = text_at(o, "handler_version");
  state.next = number_at(o, "next");
  state.handled = number_at(o, "handled");
  state.skipped = number_at(o, "skipped");
  state.dead_letters = number_at(o, "dead_letters");
  state.error = read_error(o.at("error"));
  return state;
}

json::value value_of(const StateMessage& message) {
  return {{"state", state_object(message.state)}};
}
json::value value_of(const EndMessage& message) {
  return {{"end", state_object(message.state)}};
}
json::value value_of(const LogMessage& message) {
  return {{"log", message.text},
          {"level", static_cast<std::uint32_t>(message.level)},
          {"by_plugin", message.origin == LogOrigin::plugin}};
}

}  // namespace

std::optional<Activity> parse_activity(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(Activity::unconfigured); ++i) {
    if (to_string(static_cast<Activity>(i)) == word) return static_cast<Activity>(i);
  }
  return std::nullopt;
}

std::string to_json(const Message& message) {
  return std::visit([](const auto& m) { return to_json(value_of(m)); }, message);
}

Result<Message> parse_message(std::string_view text) {
  return read_json<Message>(text, "a message", [](const json::object& o) -> Message {
    if (const auto* state = o.if_contains("state"))
      return StateMessage{read_state_object(state->as_object())};
    if (const auto* end = o.if_contains("end")) return EndMessage{read_state_object(end->as_object())};
    const auto level = number_at(o, "level");
    if (level > static_cast<std::uint64_t>(LogLevel::error)) throw std::invalid_argument("unknown level");
    const auto origin = o.at("by_plugin").as_bool() ? LogOrigin::plugin : LogOrigin::host;
    return LogMessage{static_cast<LogLevel>(level), text_at(o, "log"), origin};
  });
}

std::string to_json(const ProcessorState& state) {
  return to_json(json::value(state_object(state)));
}

Result<ProcessorState> parse_state(std::string_view text) {
  return read_json<ProcessorState>(text, "a processor's state", read_state_object);
}

}  // namespace aludel
