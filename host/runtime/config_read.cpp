// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/duration.hpp"
#include "base/json_writer.hpp"
#include "base/sha256.hpp"
#include "runtime/config.hpp"
#include "runtime/config_reader.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

std::string to_json_text(const toml::node& node);

std::string table_to_json(const toml::table& table) {
  std::string out = "{";
  for (const auto& [key, value] : table) {
    if (out.size() > 1) out += ',';
    out += json_string(key.str()) + ':' + to_json_text(value);
  }
  return out + '}';
}

// Dates and times become strings, as JSON has none. Infinity and NaN were refused before.
std::string to_json_text(const toml::node& node) {
  if (const auto* table = node.as_table()) return table_to_json(*table);
  if (const auto* array = node.as_array()) {
    std::string out = "[";
    for (const auto& element : *array) {
      if (out.size() > 1) out += ',';
      out += to_json_text(element);
    }
    return out + ']';
  }
  if (const auto* text = node.as_string()) return json_string(text->get());
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return json_string(out.str());
}

// "config = { ... }", however it was written.
std::string as_one_line(const toml::table& config) {
  auto copy = config;
  copy.is_inline(true);
  std::ostringstream out;
  out << toml::table{{"config", std::move(copy)}};
  return out.str();
}

void check_json_can_say(const toml::node& node, ConfigReader& read) {
  if (const auto* number = node.as_floating_point(); number != nullptr && !std::isfinite(number->get())) {
    read.fail(node.source(), "config must not hold inf or nan: JSON, in which the handler gets it, has none");
  }
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table)
      check_json_can_say(value, read);
  } else if (const auto* array = node.as_array()) {
    for (const auto& value : *array)
      check_json_can_say(value, read);
  }
}

void read_log(const toml::table& table, ConfigReader& read, Config& config) {
  const std::string where = "[log]";
  read.check_keys(table, where, {"sync", "max_age", "max_bytes", "min_free", "segment_size"});
  if (const auto sync = read.word(table, "sync", {"full", "normal"})) config.sync_full = *sync == 0;
  if (const auto size = read.size(table, "segment_size", where, limits::segment_min, limits::segment_max)) {
    config.segment_size = *size;
  }
  // The last two segments always stay.
  const auto least = 2 * config.segment_size;
  config.retention.max_bytes = read.size(table, "max_bytes", where, least, limits::log_bytes_max);
  config.retention.max_age = read.duration(table, "max_age", where);
  if (const auto size = read.size(table, "min_free", where, 0, limits::log_bytes_max))
    config.min_free = *size;
}

void check_digest(const toml::node& node, const std::string& what, const std::string& text,
                  ConfigReader& read) {
  if (is_sha256(text)) return;
  read.fail(node.source(), what +
                               " is no SHA-256 digest of 64 lower-case hexadecimal digits, as `plugin info` "
                               "and sha256sum print it");
}

// An empty list would allow nothing, or everything: it is not clear which was meant.
void read_allow(const toml::table& table, ConfigReader& read, TrustPolicy& trust) {
  const auto* node = table.get("allow");
  if (node == nullptr) return;
  trust.allow = read.strings(table, "allow");
  for (const auto& digest : trust.allow)
    check_digest(*node, "\"" + digest + "\" in allow", digest, read);
  if (trust.allow.empty()) {
    read.fail(node->source(),
              "allow of [host] is empty: leave it out to run any plugin, or name the digests");
  }
}

void read_host(const toml::table& table, ConfigReader& read, Config& config) {
  read.check_keys(table, "[host]", {"plugin_dirs", "writable_plugins", "allow", "log_level"});
  for (const auto& dir : read.strings(table, "plugin_dirs")) {
    config.plugin_dirs.push_back(read.file().parent_path() / dir);
  }
  for (const auto& path : read.strings(table, "writable_plugins")) {
    config.trust.writable_plugins.push_back(read.file().parent_path() / path);
  }
  read_allow(table, read, config.trust);
  if (const auto level = read.word(table, "log_level", {"trace", "debug", "info", "warning", "error"})) {
    config.log_level = static_cast<LogLevel>(*level);
  }
}

void read_limits(const toml::table& table, const std::string& where, ConfigReader& read,
                 ProcessorConfig& processor) {
  if (const auto size = read.number(table, "batch_size", where, 1, limits::batch_size_max)) {
    processor.batch_size = *size;
  }
  if (const auto timeout = read.duration(table, "timeout", where)) processor.timeout = *timeout;
}

std::optional<Strategy> read_strategy(const toml::table& table, std::string_view key, ConfigReader& read) {
  const auto word = read.word(table, key, {"fail_fast", "log_and_skip", "dead_letter", "retry", "custom"});
  return word ? std::optional(static_cast<Strategy>(*word)) : std::nullopt;
}

void check_max_delay(const toml::table& table, const std::string& of, std::chrono::milliseconds initial,
                     std::chrono::milliseconds max, ConfigReader& read) {
  if (max >= initial) return;
  const auto default_of = [&](std::string_view key, std::chrono::milliseconds delay) {
    return table.contains(key) ? "" : ", " + format_duration(delay) + " where none is written,";
  };
  auto fault = "max_delay of " + of + default_of("max_delay", max) + " is below its initial_delay" +
               default_of("initial_delay", initial);
  if (fault.back() == ',') fault.pop_back();
  read.fail(table.source(), fault);
}

// `retry = { max_retries = 5, ... }`, over what is less specific.
RetryPolicy read_retry(const toml::table& table, const std::string& where, RetryPolicy policy,
                       ConfigReader& read) {
  read.check_keys(table, "retry of " + where,
                  {"max_retries", "initial_delay", "max_delay", "multiplier", "jitter", "then"});
  const auto of = "retry of " + where;
  if (const auto n = read.number(table, "max_retries", of, 0, limits::retries_max)) {
    policy.max_retries = static_cast<std::uint32_t>(*n);
  }
  if (const auto delay = read.duration(table, "initial_delay", of)) policy.backoff.first = *delay;
  if (const auto delay = read.duration(table, "max_delay", of)) policy.backoff.max = *delay;
  if (const auto x = read.real(table, "multiplier", of, 1.0, 1'000.0)) policy.backoff.multiplier = *x;
  if (const auto x = read.real(table, "jitter", of, 0.0, 1.0)) policy.backoff.jitter = *x;
  if (const auto then = read.word(table, "then", {"dead_letter", "stop", "skip"})) {
    policy.then = static_cast<Then>(*then);
  }
  check_max_delay(table, of, policy.backoff.first, policy.backoff.max, read);
  return policy;
}

// @param less_specific what `retry` starts from
Treatment read_treatment(const toml::table& table, const std::string& where, const RetryPolicy& less_specific,
                         ConfigReader& read) {
  Treatment treatment;
  treatment.strategy = read_strategy(table, "strategy", read);
  if (const auto* on = read.table(table, "on")) {
    read.check_keys(*on, "on of " + where, {"retry", "fail"});
    treatment.on_retry = read_strategy(*on, "retry", read);
    treatment.on_fail = read_strategy(*on, "fail", read);
  }
  if (const auto* retry = read.table(table, "retry")) {
    treatment.retry = read_retry(*retry, where, less_specific, read);
  }
  return treatment;
}

ErrorPolicy read_error_policy(const toml::table& table, const std::string& where, ConfigReader& read) {
  ErrorPolicy policy;
  policy.processor = read_treatment(table, where, {}, read);
  const auto* types = read.table(table, "type");
  if (types == nullptr) return policy;
  for (const auto& [type, node] : *types) {
    const auto of = where.substr(0, where.size() - 1) + ".type.\"" + std::string(type.str()) + "\"]";
    const auto* treatment = node.as_table();
    if (treatment == nullptr) {
      read.fail(node.source(), "type holds tables only: write " + of);
      continue;
    }
    read.check_keys(*treatment, of, {"strategy", "on", "retry"});
    policy.types.push_back(
        {std::string(type.str()),
         read_treatment(*treatment, of, policy.processor.retry.value_or(RetryPolicy{}), read)});
  }
  return policy;
}

// `replay = { strategy = "exponential", ... }`
ReplayPolicy read_replay(const toml::table& table, const std::string& where, ConfigReader& read) {
  const auto of = "replay of " + where;
  read.check_keys(table, of,
                  {"strategy", "max_retries", "initial_delay", "max_delay", "multiplier", "min_age",
                   "check_interval", "batch_size", "order", "stop_on_consecutive_failures"});
  ReplayPolicy policy;
  if (const auto word = read.word(table, "strategy", {"off", "fixed", "exponential", "fibonacci"})) {
    policy.strategy = static_cast<ReplayStrategy>(*word);
  }
  if (const auto n = read.number(table, "max_retries", of, 1, limits::retries_max)) {
    policy.max_retries = static_cast<std::uint32_t>(*n);
  }
  if (const auto delay = read.duration(table, "initial_delay", of)) policy.initial_delay = *delay;
  if (const auto delay = read.duration(table, "max_delay", of)) policy.max_delay = *delay;
  if (const auto x = read.real(table, "multiplier", of, 1.0, 1'000.0)) policy.multiplier = *x;
  if (const auto age = read.duration(table, "min_age", of)) policy.min_age = *age;
  if (const auto time = read.duration(table, "check_interval", of)) policy.check_interval = *time;
  if (const auto n = read.number(table, "batch_size", of, 1, limits::batch_size_max)) {
    policy.batch_size = *n;
  }
  if (const auto word = read.word(table, "order", {"oldest", "newest", "fewest_retries", "by_code"})) {
    policy.order = static_cast<ReplayOrder>(*word);
  }
  if (const auto n = read.number(table, "stop_on_consecutive_failures", of, 1, limits::batch_size_max)) {
    policy.stop_on_consecutive_failures = static_cast<std::uint32_t>(*n);
  }
  check_max_delay(table, of, policy.initial_delay, policy.max_delay, read);
  return policy;
}

void read_handler(const toml::table& table, const std::string& where, ConfigReader& read,
                  ProcessorConfig& processor) {
  processor.handler = read.get<std::string>(table, "handler", "a handler's id").value_or("");
  const std::filesystem::path plugin = read.get<std::string>(table, "plugin", "a file's name").value_or("");
  // A bare name is looked for in the plugin folders; anything else is a path.
  processor.plugin = plugin.has_parent_path() ? read.file().parent_path() / plugin : plugin;
  if (const auto digest = read.get<std::string>(table, "sha256", "a digest")) {
    check_digest(*table.get("sha256"), "sha256 of " + where, *digest, read);
    processor.sha256 = *digest;
  }
  if (processor.handler.empty() && processor.plugin.empty()) {
    read.fail(table.source(), where + " needs handler = \"ID\" or plugin = \"FILE\"");
  }
}

void read_types(const toml::table& table, const std::string& where, ConfigReader& read,
                ProcessorConfig& processor) {
  const auto types = read.strings(table, "types");
  for (const auto& type : types)
    processor.types.push_back(parse_subscription(type));
  if (const auto* node = table.get("types"); node != nullptr && types.empty()) {
    read.fail(node->source(), "types of " + where +
                                  " is empty: leave it out for all that the handler subscribes to, or name "
                                  "some, such as [\"deposit\", \"order.*\"]");
  }
}

void read_sandbox(const toml::table& table, ConfigReader& read, ProcessorConfig& processor) {
  if (const auto level = read.word(table, "sandbox", {"off", "basic", "strict"})) {
    processor.sandbox.level = static_cast<SandboxLevel>(*level);
  }
  processor.sandbox.network = read.get<bool>(table, "network", "true or false").value_or(false);
}

ProcessorConfig read_processor(std::string_view name, const toml::table& table, ConfigReader& read) {
  const auto where = "[processor." + std::string(name) + "]";
  ProcessorConfig processor;
  processor.name = name;
  processor.line = table.source().begin.line;
  if (!is_processor_name(name)) {
    read.fail(table.source(),
              "\"" + std::string(name) + "\" is no name for a processor: 1 to 64 of a-z, 0-9, _ and -");
  }
  read.check_keys(table, where,
                  {"handler", "plugin", "sha256", "types", "start", "strategy", "on", "retry", "type",
                   "replay", "config", "batch_size", "timeout", "isolation", "sandbox", "network"});
  read_handler(table, where, read, processor);
  read_limits(table, where, read, processor);
  read_types(table, where, read, processor);
  if (const auto text = read.get<std::string>(table, "start", "\"first\", \"tip\" or a time")) {
    const auto start = parse_start(*text);
    if (!start) read.fail(table.get("start")->source(), "start: " + start.error().message);
    if (start) processor.start_at = *start;
  }
  processor.error_policy = read_error_policy(table, where, read);
  if (const auto* replay = read.table(table, "replay")) processor.replay = read_replay(*replay, where, read);
  if (const auto isolation = read.word(table, "isolation", {"process", "thread"})) {
    processor.isolation = *isolation == 0 ? Isolation::process : Isolation::thread;
  }
  read_sandbox(table, read, processor);
  if (const auto* config = read.table(table, "config")) {
    check_json_can_say(*config, read);
    processor.config_json = table_to_json(*config);
    if (processor.config_json.size() > limits::processor_config_max) {
      read.fail(config->source(), "config of " + where + " takes " +
                                      std::to_string(processor.config_json.size()) + " bytes as JSON, over " +
                                      std::to_string(limits::processor_config_max) +
                                      ": name a file in it instead");
    }
    processor.config_toml = as_one_line(*config);
  }
  return processor;
}

Config read_config(const toml::table& root, ConfigReader& read) {
  Config config;
  config.file = read.file();
  read.check_keys(root, "the config", {"log", "host", "processor"});
  if (const auto* log = read.table(root, "log")) read_log(*log, read, config);
  if (const auto* host = read.table(root, "host")) read_host(*host, read, config);
  const auto* processors = read.table(root, "processor");
  if (processors == nullptr) return config;
  for (const auto& [name, node] : *processors) {
    if (const auto* table = node.as_table()) {
      config.processors.push_back(read_processor(name.str(), *table, read));
    } else {
      read.fail(node.source(), "[processor] holds tables only: write [processor.NAME]");
    }
  }
  return config;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::filesystem::path& file) {
  ConfigReader reader(file);
  try {
    const auto root = toml::parse(text);
    auto config = read_config(root, reader);
    if (reader.error()) return *reader.error();
    return config;
  } catch (const toml::parse_error& error) {
    reader.fail(error.source(), std::string(error.description()));
    return *reader.error();
  }
}

Result<Config> load_config(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return text.error().within("read the config");
  return parse_config(*text, file);
}

}  // namespace aludel
