// SPDX-License-Identifier: MIT
#include "plugin/description_json.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::object write_handler(const HandlerDescription& handler) {
  json::array subscriptions;
  for (const auto& subscription : handler.subscriptions) {
    subscriptions.push_back(
        {{"kind", static_cast<std::uint32_t>(subscription.kind)}, {"type", subscription.type}});
  }
  return {{"id", handler.id},
          {"name", handler.name},
          {"version", handler.version},
          {"vendor", handler.vendor},
          {"description", handler.description},
          {"config_schema", handler.config_schema},
          {"flags", handler.flags},
          {"projection_version", handler.projection_version},
          {"has_validate", handler.has_validate},
          {"has_on_error", handler.has_on_error},
          {"subscriptions", std::move(subscriptions)}};
}

std::string read_text(const json::object& from, std::string_view name) {
  const auto& text = from.at(name).as_string();
  return {text.data(), text.size()};
}

std::uint32_t read_number(const json::object& from, std::string_view name) {
  return from.at(name).to_number<std::uint32_t>();
}

HandlerDescription read_handler(const json::object& from) {
  HandlerDescription handler;
  handler.id = read_text(from, "id");
  handler.name = read_text(from, "name");
  handler.version = read_text(from, "version");
  handler.vendor = read_text(from, "vendor");
  handler.description = read_text(from, "description");
  handler.config_schema = read_text(from, "config_schema");
  handler.flags = read_number(from, "flags");
  handler.projection_version = read_number(from, "projection_version");
  handler.has_validate = from.at("has_validate").as_bool();
  handler.has_on_error = from.at("has_on_error").as_bool();
  for (const auto& subscription : from.at("subscriptions").as_array()) {
    const auto& object = subscription.as_object();
    handler.subscriptions.push_back(
        {static_cast<Subscription::Kind>(read_number(object, "kind")), read_text(object, "type")});
  }
  return handler;
}

Result<LibraryDescription> read_inspection(const json::object& from) {
  if (from.contains("reason")) {
    return Error{ErrorCode::refused, read_text(from, "message"), read_text(from, "reason")};
  }
  LibraryDescription library;
  library.path = read_text(from, "path");
  library.abi_minor_built = read_number(from, "abi_minor_built");
  library.abi_minor_required = read_number(from, "abi_minor_required");
  for (const auto& handler : from.at("handlers").as_array()) {
    library.handlers.push_back(read_handler(handler.as_object()));
  }
  return library;
}

}  // namespace

std::string inspection_to_json(const Result<LibraryDescription>& found) {
  if (!found)
    return to_json(json::object{{"reason", found.error().reason}, {"message", found.error().message}});
  json::array handlers;
  for (const auto& handler : found->handlers)
    handlers.push_back(write_handler(handler));
  return to_json(json::object{{"path", found->path.string()},
                              {"abi_minor_built", found->abi_minor_built},
                              {"abi_minor_required", found->abi_minor_required},
                              {"handlers", std::move(handlers)}});
}

std::optional<Result<LibraryDescription>> inspection_from_json(std::string_view json_text) {
  // Boost.JSON's accessors throw on another shape; a plugin that wrote on our pipe may have made any.
  try {
    return read_inspection(json::parse(json::string_view(json_text)).as_object());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace aludel
