// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/duration.hpp"
#include "base/json_writer.hpp"
#include "base/nearest.hpp"
#include "runtime/config.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

// Reads values out of a TOML document and remembers the first thing that is wrong with it.
class Reader {
 public:
  explicit Reader(std::filesystem::path file) : file_(std::move(file)) {}

  void fail(const toml::source_region& where, const std::string& what) {
    if (error_) return;
    error_.emplace(ErrorCode::invalid, file_.string() + ":" + std::to_string(where.begin.line) + ": " + what);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // Names the first key of the table that is none of `known`.
  void check_keys(const toml::table& table, std::string_view name,
                  std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      fail(key.source(), "unknown key \"" + std::string(key.str()) + "\" in " + std::string(name) +
                             suggestion(key.str(), {known.begin(), known.size()}));
    }
  }

  // The value under `key` if it is there; if it has another type, that is an error.
  template <typename T>
  std::optional<T> get(const toml::table& table, std::string_view key, std::string_view expected) {
    const auto* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    auto value = node->value_exact<T>();
    if (!value) fail(node->source(), std::string(key) + " must be " + std::string(expected));
    return value;
  }

  const toml::table* table(const toml::table& parent, std::string_view key) {
    const auto* node = parent.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table())
      fail(node->source(), std::string(key) + " must be a table: [" + std::string(key) + "]");
    return node->as_table();
  }

  // One of some words, by its position among them.
  std::optional<std::size_t> word(const toml::table& table, std::string_view key,
                                  std::initializer_list<std::string_view> words) {
    std::string list;
    for (const auto word : words)
      list += (list.empty() ? "\"" : " or \"") + std::string(word) + "\"";
    const auto value = get<std::string>(table, key, list);
    if (!value) return std::nullopt;
    const auto found = std::find(words.begin(), words.end(), *value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    fail(table.get(key)->source(), std::string(key) + " must be " + list + ", not \"" + *value + "\"" +
                                       suggestion(*value, {words.begin(), words.size()}));
    return std::nullopt;
  }

  std::vector<std::string> strings(const toml::table& table, std::string_view key) {
    std::vector<std::string> result;
    const auto* node = table.get(key);
    if (node == nullptr) return result;
    const auto* array = node->as_array();
    if (array == nullptr) {
      fail(node->source(), std::string(key) + " must be an array of strings");
      return result;
    }
    for (const auto& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (value && !value->empty()) {
        result.push_back(*value);
      } else {
        fail(element.source(), std::string(key) + " must hold strings that are not empty");
      }
    }
    return result;
  }

 private:
  std::filesystem::path file_;
  std::optional<Error> error_;
};

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

void check_json_can_say(const toml::node& node, Reader& read) {
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

void read_log(const toml::table& table, Reader& read, Config& config) {
  read.check_keys(table, "[log]", {"sync"});
  if (const auto sync = read.word(table, "sync", {"full", "normal"})) config.sync_full = *sync == 0;
}

void read_host(const toml::table& table, Reader& read, Config& config) {
  read.check_keys(table, "[host]", {"plugin_dirs", "log_level"});
  for (const auto& dir : read.strings(table, "plugin_dirs")) {
    config.plugin_dirs.push_back(read.file().parent_path() / dir);
  }
  if (const auto level = read.word(table, "log_level", {"trace", "debug", "info", "warning", "error"})) {
    config.log_level = static_cast<LogLevel>(*level);
  }
}

void read_limits(const toml::table& table, const std::string& where, Reader& read,
                 ProcessorConfig& processor) {
  if (const auto size = read.get<std::int64_t>(table, "batch_size", "a number of events")) {
    if (*size < 1 || *size > static_cast<std::int64_t>(limits::batch_size_max)) {
      read.fail(table.get("batch_size")->source(),
                "batch_size of " + where + " must be 1 to " + std::to_string(limits::batch_size_max));
    }
    processor.batch_size = static_cast<std::uint64_t>(*size);
  }
  if (const auto text = read.get<std::string>(table, "timeout", "a duration such as \"60s\"")) {
    const auto timeout = parse_duration(*text);
    if (!timeout) {
      read.fail(table.get("timeout")->source(), "timeout: " + timeout.error().message);
    } else if (timeout->count() == 0) {
      read.fail(table.get("timeout")->source(), "timeout of " + where + " must be over 0");
    } else {
      processor.timeout = *timeout;
    }
  }
}

void read_handler(const toml::table& table, const std::string& where, Reader& read,
                  ProcessorConfig& processor) {
  processor.handler = read.get<std::string>(table, "handler", "a handler's id").value_or("");
  const std::filesystem::path plugin = read.get<std::string>(table, "plugin", "a file's name").value_or("");
  // A bare name is looked for in the plugin folders; anything else is a path.
  processor.plugin = plugin.has_parent_path() ? read.file().parent_path() / plugin : plugin;
  if (processor.handler.empty() && processor.plugin.empty()) {
    read.fail(table.source(), where + " needs handler = \"ID\" or plugin = \"FILE\"");
  }
}

ProcessorConfig read_processor(std::string_view name, const toml::table& table, Reader& read) {
  const auto where = "[processor." + std::string(name) + "]";
  ProcessorConfig processor;
  processor.name = name;
  if (!is_processor_name(name)) {
    read.fail(table.source(),
              "\"" + std::string(name) + "\" is no name for a processor: 1 to 64 of a-z, 0-9, _ and -");
  }
  read.check_keys(
      table, where,
      {"handler", "plugin", "types", "start", "strategy", "config", "batch_size", "timeout", "isolation"});
  read_handler(table, where, read, processor);
  read_limits(table, where, read, processor);
  for (const auto& type : read.strings(table, "types"))
    processor.types.push_back(parse_subscription(type));
  read.word(table, "start", {"first"});
  read.word(table, "strategy", {"fail_fast"});
  if (const auto isolation = read.word(table, "isolation", {"process", "thread"})) {
    processor.isolation = *isolation == 0 ? Isolation::process : Isolation::thread;
  }
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

Config read_config(const toml::table& root, Reader& read) {
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
  Reader reader(file);
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
