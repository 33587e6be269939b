// SPDX-License-Identifier: MIT
#include "runtime/processor_spec.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "runtime/json_reading.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::array to_array(const std::vector<Subscription>& subscriptions) {
  json::array array;
  for (const auto& s : subscriptions)
    array.push_back({{"kind", static_cast<std::uint32_t>(s.kind)}, {"type", s.type}});
  return array;
}

std::vector<Subscription> read_subscriptions(const json::object& object, const char* key) {
  std::vector<Subscription> subscriptions;
  for (const auto& item : object.at(key).as_array()) {
    const auto& o = item.as_object();
    subscriptions.push_back({static_cast<Subscription::Kind>(number_at(o, "kind")), text_at(o, "type")});
  }
  return subscriptions;
}

json::value to_value(const std::optional<Strategy>& strategy) {
  if (!strategy) return nullptr;
  return static_cast<std::uint32_t>(*strategy);
}

std::optional<Strategy> read_strategy(const json::object& object, const char* key) {
  if (object.at(key).is_null()) return std::nullopt;
  return static_cast<Strategy>(number_at(object, key));
}

json::value to_value(const std::optional<RetryPolicy>& retry) {
  if (!retry) return nullptr;
  return {{"max_retries", retry->max_retries},    {"first_ms", retry->backoff.first.count()},
          {"max_ms", retry->backoff.max.count()}, {"multiplier", retry->backoff.multiplier},
          {"jitter", retry->backoff.jitter},      {"then", static_cast<std::uint32_t>(retry->then)}};
}

std::optional<RetryPolicy> read_retry(const json::object& object) {
  if (object.at("retry").is_null()) return std::nullopt;
  const auto& o = object.at("retry").as_object();
  RetryPolicy retry;
  retry.max_retries = o.at("max_retries").to_number<std::uint32_t>();
  retry.backoff.first = std::chrono::milliseconds(o.at("first_ms").to_number<std::int64_t>());
  retry.backoff.max = std::chrono::milliseconds(o.at("max_ms").to_number<std::int64_t>());
  retry.backoff.multiplier = o.at("multiplier").to_number<double>();
  retry.backoff.jitter = o.at("jitter").to_number<double>();
  retry.then = static_cast<Then>(number_at(o, "then"));
  return retry;
}

json::object to_value(const Treatment& treatment) {
  return {{"strategy", to_value(treatment.strategy)},
          {"on_retry", to_value(treatment.on_retry)},
          {"on_fail", to_value(treatment.on_fail)},
          {"retry", to_value(treatment.retry)}};
}

Treatment read_treatment(const json::object& object) {
  return {read_strategy(object, "strategy"), read_strategy(object, "on_retry"),
          read_strategy(object, "on_fail"), read_retry(object)};
}

json::object to_value(const ErrorPolicy& policy) {
  json::array types;
  for (const auto& [type, treatment] : policy.types)
    types.push_back({{"type", type}, {"treatment", to_value(treatment)}});
  return {{"processor", to_value(policy.processor)}, {"types", std::move(types)}};
}

ErrorPolicy read_error_policy(const json::object& object) {
  ErrorPolicy policy;
  policy.processor = read_treatment(object.at("processor").as_object());
  for (const auto& item : object.at("types").as_array()) {
    const auto& o = item.as_object();
    policy.types.push_back({text_at(o, "type"), read_treatment(o.at("treatment").as_object())});
  }
  return policy;
}

json::object to_value(const ReplayPolicy& replay) {
  return {{"strategy", static_cast<std::uint32_t>(replay.strategy)},
          {"max_retries", replay.max_retries},
          {"initial_ms", replay.initial_delay.count()},
          {"max_ms", replay.max_delay.count()},
          {"multiplier", replay.multiplier},
          {"min_age_ms", replay.min_age.count()},
          {"check_interval_ms", replay.check_interval.count()},
          {"batch_size", replay.batch_size},
          {"order", static_cast<std::uint32_t>(replay.order)},
          {"stop_on_consecutive_failures", replay.stop_on_consecutive_failures}};
}

ReplayPolicy read_replay(const json::object& o) {
  const auto ms = [&](const char* key) {
    return std::chrono::milliseconds(o.at(key).to_number<std::int64_t>());
  };
  ReplayPolicy replay;
  replay.strategy = static_cast<ReplayStrategy>(number_at(o, "strategy"));
  replay.max_retries = o.at("max_retries").to_number<std::uint32_t>();
  replay.initial_delay = ms("initial_ms");
  replay.max_delay = ms("max_ms");
  replay.multiplier = o.at("multiplier").to_number<double>();
  replay.min_age = ms("min_age_ms");
  replay.check_interval = ms("check_interval_ms");
  replay.batch_size = number_at(o, "batch_size");
  replay.order = static_cast<ReplayOrder>(number_at(o, "order"));
  replay.stop_on_consecutive_failures = o.at("stop_on_consecutive_failures").to_number<std::uint32_t>();
  return replay;
}

json::value to_value(const std::optional<BreakerPolicy>& breaker) {
  if (!breaker) return nullptr;
  return {{"failures", breaker->failures},
          {"within_ms", breaker->within.count()},
          {"open_ms", breaker->open.count()},
          {"successes", breaker->successes}};
}

std::optional<BreakerPolicy> read_breaker(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  const auto& o = value.as_object();
  BreakerPolicy breaker;
  breaker.failures = o.at("failures").to_number<std::uint32_t>();
  breaker.within = std::chrono::milliseconds(o.at("within_ms").to_number<std::int64_t>());
  breaker.open = std::chrono::milliseconds(o.at("open_ms").to_number<std::int64_t>());
  breaker.successes = o.at("successes").to_number<std::uint32_t>();
  return breaker;
}

json::object to_value(const Allowance& allowance) {
  json::object value{{"open_files", allowance.open_files},
                     {"threads", allowance.threads},
                     {"log_lines", allowance.log_lines},
                     {"emitted_events", allowance.emitted_events},
                     {"transaction_size", allowance.transaction_size}};
  if (allowance.memory) value["memory"] = *allowance.memory;
  if (allowance.cpu_time) value["cpu_time_ms"] = allowance.cpu_time->count();
  return value;
}

Allowance read_allowance(const json::object& o) {
  Allowance allowance;
  if (o.contains("memory")) allowance.memory = number_at(o, "memory");
  if (o.contains("cpu_time_ms")) {
    allowance.cpu_time = std::chrono::milliseconds(o.at("cpu_time_ms").to_number<std::int64_t>());
  }
  allowance.open_files = o.at("open_files").to_number<std::uint32_t>();
  allowance.threads = o.at("threads").to_number<std::uint32_t>();
  allowance.log_lines = o.at("log_lines").to_number<std::uint32_t>();
  allowance.emitted_events = o.at("emitted_events").to_number<std::uint32_t>();
  allowance.transaction_size = number_at(o, "transaction_size");
  return allowance;
}

}  // namespace

std::string to_json(const ProcessorSpec& spec) {
  return to_json(json::value{{"name", spec.name},
                             {"directory", spec.directory.string()},
                             {"host_directory", spec.host_directory.string()},
                             {"log", spec.log.string()},
                             {"library", spec.library.string()},
                             {"sha256", spec.sha256},
                             {"handler", spec.handler},
                             {"handler_version", spec.handler_version},
                             {"config_json", spec.config_json},
                             {"subscriptions", to_array(spec.subscriptions)},
                             {"types", to_array(spec.types)},
                             {"error_policy", to_value(spec.error_policy)},
                             {"replay", to_value(spec.replay)},
                             {"start", static_cast<std::uint32_t>(spec.start)},
                             {"start_at", to_string(spec.start_at)},
                             {"batch_size", spec.batch_size},
                             {"timeout_ms", spec.timeout.count()},
                             {"log_level", static_cast<std::uint32_t>(spec.log_level)},
                             {"sandbox", static_cast<std::uint32_t>(spec.sandbox.level)},
                             {"network", spec.sandbox.network},
                             {"allowance", to_value(spec.allowance)},
                             {"breaker", to_value(spec.breaker)},
                             {"death_output", spec.death_output}});
}

Result<ProcessorSpec> parse_spec(std::string_view text) {
  return read_json<ProcessorSpec>(text, "a processor's specification", [](const json::object& o) {
    ProcessorSpec spec;
    spec.name = text_at(o, "name");
    spec.directory = text_at(o, "directory");
    spec.host_directory = text_at(o, "host_directory");
    spec.log = text_at(o, "log");
    spec.library = text_at(o, "library");
    spec.sha256 = text_at(o, "sha256");
    spec.handler = text_at(o, "handler");
    spec.handler_version = text_at(o, "handler_version");
    spec.config_json = text_at(o, "config_json");
    spec.subscriptions = read_subscriptions(o, "subscriptions");
    spec.types = read_subscriptions(o, "types");
    spec.error_policy = read_error_policy(o.at("error_policy").as_object());
    spec.replay = read_replay(o.at("replay").as_object());
    spec.start = static_cast<Processor::Start>(number_at(o, "start"));
    if (auto start_at = parse_start(text_at(o, "start_at")); start_at) spec.start_at = *start_at;
    spec.batch_size = number_at(o, "batch_size");
    spec.timeout = std::chrono::milliseconds(o.at("timeout_ms").to_number<std::int64_t>());
    spec.log_level = static_cast<LogLevel>(number_at(o, "log_level"));
    if (o.contains("sandbox")) {  // an older version's file has none
      spec.sandbox.level = static_cast<SandboxLevel>(number_at(o, "sandbox"));
      spec.sandbox.network = o.at("network").as_bool();
    }
    // An older host has left none in its file.
    if (o.contains("allowance")) spec.allowance = read_allowance(o.at("allowance").as_object());
    if (o.contains("breaker")) spec.breaker = read_breaker(o.at("breaker"));
    if (o.contains("death_output")) spec.death_output = text_at(o, "death_output");
    return spec;
  });
}

}  // namespace aludel
