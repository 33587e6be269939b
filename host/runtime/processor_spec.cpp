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

}  // namespace

std::string to_json(const ProcessorSpec& spec) {
  return to_json(json::value{{"name", spec.name},
                             {"directory", spec.directory.string()},
                             {"log", spec.log.string()},
                             {"library", spec.library.string()},
                             {"handler", spec.handler},
                             {"handler_version", spec.handler_version},
                             {"config_json", spec.config_json},
                             {"subscriptions", to_array(spec.subscriptions)},
                             {"types", to_array(spec.types)},
                             {"batch_size", spec.batch_size},
                             {"log_level", static_cast<std::uint32_t>(spec.log_level)}});
}

Result<ProcessorSpec> parse_spec(std::string_view text) {
  return read_json<ProcessorSpec>(text, "a processor's specification", [](const json::object& o) {
    ProcessorSpec spec;
    spec.name = text_at(o, "name");
    spec.directory = text_at(o, "directory");
    spec.log = text_at(o, "log");
    spec.library = text_at(o, "library");
    spec.handler = text_at(o, "handler");
    spec.handler_version = text_at(o, "handler_version");
    spec.config_json = text_at(o, "config_json");
    spec.subscriptions = read_subscriptions(o, "subscriptions");
    spec.types = read_subscriptions(o, "types");
    spec.batch_size = number_at(o, "batch_size");
    spec.log_level = static_cast<LogLevel>(number_at(o, "log_level"));
    return spec;
  });
}

}  // namespace aludel
