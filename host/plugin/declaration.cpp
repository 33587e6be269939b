// SPDX-License-Identifier: MIT
#include "plugin/declaration.hpp"

#include <cstring>
#include <set>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"
#include "plugin/refusal.hpp"

namespace aludel {

namespace {

bool is_handler_id(std::string_view id) {
  if (id.size() < 3 || id.size() > 128 || id.find('.') == std::string_view::npos) return false;
  if (id.front() == '.' || id.back() == '.' || id.find("..") != std::string_view::npos) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

bool is_json_object(std::string_view text) {
  JsonDocument document;
  if (!document.parse(text, 0)) return false;
  const auto whole = document.at("");
  return whole && whole->type == JsonValue::Type::json && whole->text.starts_with('{');
}

// Reads one plugin's declaration. Each step refuses with the plugin's name and the place within it.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : file_(file) {}

  Result<Declaration> read(const aludel_library* declared);

 private:
  [[nodiscard]] Error refuse(std::string_view reason, const std::string& text) const {
    return refusal::error(file_, reason, where_.empty() ? text : where_ + ": " + text);
  }
  template <typename Struct>
  Result<void> copy(const void* from, const char* name, Struct& out) const;
  Result<std::string> text(const aludel_str& from, const char* name) const;
  Result<void> check_functions(const aludel_handler& handler) const;
  Result<void> read_texts(const aludel_handler& handler, HandlerDescription& out);
  Result<Subscription> read_subscription(const aludel_subscription* from, const std::string& name) const;
  Result<void> read_subscriptions(const aludel_handler& handler, HandlerDescription& out) const;
  Result<void> read_handler(const aludel_handler* from);

  const std::filesystem::path& file_;
  std::string where_;  // "handler 1 (org.example.x)"
  std::set<std::string> ids_;
  Declaration declaration_;
};

template <typename Struct>
Result<void> Reader::copy(const void* from, const char* name, Struct& out) const {
  std::uint32_t size = 0;
  if (from != nullptr) std::memcpy(&size, from, sizeof size);
  const auto said = std::string(name) + ".struct_size is " + std::to_string(size);
  switch (copy_struct(from, out)) {
    case StructFault::none: return {};
    case StructFault::missing: return refuse(refusal::misshapen_struct, std::string(name) + " is NULL");
    case StructFault::too_short:
      return refuse(refusal::short_struct, said + ", less than version 1.0's " +
                                               std::to_string(first_size<Struct>) + ": set it to sizeof");
    case StructFault::misshapen:
      return refuse(refusal::misshapen_struct, said + ", over " + std::to_string(limits::plugin_struct_max) +
                                                   " or no multiple of 8: set it to sizeof");
  }
  return {};
}

Result<std::string> Reader::text(const aludel_str& from, const char* name) const {
  if (!is_readable(from)) return refuse(refusal::bad_text, std::string(name) + " is NULL with a size");
  if (from.size > limits::plugin_text_max) {
    return refuse(refusal::bad_text,
                  std::string(name) + " is over " + std::to_string(limits::plugin_text_max) + " bytes");
  }
  const auto bytes = view_of(from);
  if (!is_utf8(bytes) || bytes.find('\0') != std::string_view::npos) {
    return refuse(refusal::bad_text, std::string(name) + " is not UTF-8, or holds a NUL");
  }
  return std::string(bytes);
}

Result<void> Reader::check_functions(const aludel_handler& handler) const {
  const char* missing = handler.create == nullptr    ? "create"
                        : handler.handle == nullptr  ? "handle"
                        : handler.destroy == nullptr ? "destroy"
                                                     : nullptr;
  if (missing != nullptr) {
    return refuse(refusal::missing_function,
                  std::string(missing) + " is NULL: create, handle and destroy are required");
  }
  if (handler.projection_version != 0 && handler.migrate == nullptr) {
    return refuse(refusal::missing_function, "migrate is NULL: projection_version " +
                                                 std::to_string(handler.projection_version) + " requires it");
  }
  return {};
}

Result<void> Reader::read_texts(const aludel_handler& handler, HandlerDescription& out) {
  auto id = text(handler.id, "id");
  if (!id) return id.error();
  if (!is_handler_id(*id)) {
    return refuse(refusal::bad_handler_id, "its id \"" + repaired_utf8(*id, limits::error_message_max) +
                                               "\" is not 3 to 128 of a-z 0-9 - with dots between");
  }
  where_ += " (" + *id + ")";
  if (!ids_.insert(*id).second) {
    return refuse(refusal::duplicate_handler_id, "the id is an earlier handler's: give each its own");
  }
  out.id = std::move(*id);
  const struct {
    const aludel_str& from;
    const char* name;
    std::string& to;
  } texts[] = {{handler.name, "name", out.name},
               {handler.version, "version", out.version},
               {handler.vendor, "vendor", out.vendor},
               {handler.description, "description", out.description},
               {handler.config_schema, "config_schema", out.config_schema}};
  for (const auto& [from, name, to] : texts) {
    auto copied = text(from, name);
    if (!copied) return copied.error();
    to = std::move(*copied);
  }
  if (!out.config_schema.empty() && !is_json_object(out.config_schema)) {
    return refuse(refusal::bad_text, "config_schema is no JSON object");
  }
  return {};
}

Result<Subscription> Reader::read_subscription(const aludel_subscription* from,
                                               const std::string& name) const {
  aludel_subscription subscription;
  if (auto copied = copy(from, name.c_str(), subscription); !copied) return copied.error();
  if (!is_readable(subscription.type)) return refuse(refusal::bad_text, name + ".type is NULL with a size");
  const auto type = view_of(subscription.type);
  if (const auto fault = subscription_fault(subscription.kind, type); !fault.empty()) {
    return refuse(refusal::bad_subscription, name + ": " + fault);
  }
  return Subscription{static_cast<Subscription::Kind>(subscription.kind), std::string(type)};
}

Result<void> Reader::read_subscriptions(const aludel_handler& handler, HandlerDescription& out) const {
  const auto count = handler.subscription_count;
  if (count > limits::handler_subscriptions_max || (count > 0 && handler.subscriptions == nullptr)) {
    return refuse(refusal::misshapen_struct, "subscriptions is NULL with a count, or there are over " +
                                                 std::to_string(limits::handler_subscriptions_max));
  }
  if (count == 0 && (handler.flags & ALUDEL_HANDLER_DYNAMIC) == 0) {
    return refuse(
        refusal::bad_subscription,
        "it subscribes to nothing: name a type, or set ALUDEL_HANDLER_DYNAMIC and subscribe in create");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto name = "subscriptions[" + std::to_string(i) + "]";
    auto subscription = read_subscription(handler.subscriptions[i], name);
    if (!subscription) return subscription.error();
    out.subscriptions.push_back(std::move(*subscription));
  }
  return {};
}

Result<void> Reader::read_handler(const aludel_handler* from) {
  where_ = "handler " + std::to_string(declaration_.functions.size());
  aludel_handler handler;
  if (auto copied = copy(from, "handler", handler); !copied) return copied;
  HandlerDescription description;
  if (auto read = read_texts(handler, description); !read) return read;
  if (auto checked = check_functions(handler); !checked) return checked;
  if (auto read = read_subscriptions(handler, description); !read) return read;
  description.flags = handler.flags;
  description.projection_version = handler.projection_version;
  description.has_validate = handler.validate != nullptr;
  description.has_on_error = handler.on_error != nullptr;
  declaration_.description.handlers.push_back(std::move(description));
  declaration_.functions.push_back(handler);
  return {};
}

Result<Declaration> Reader::read(const aludel_library* declared) {
  aludel_library library;
  if (auto copied = copy(declared, "library", library); !copied) return copied.error();
  if (library.abi_minor_required > ALUDEL_ABI_MINOR) {
    return refuse(refusal::newer_minor, "it requires ABI 1." + std::to_string(library.abi_minor_required) +
                                            ", this host has 1." + std::to_string(ALUDEL_ABI_MINOR) +
                                            ": use a newer host or an older plugin");
  }
  if (library.handler_count == 0 || library.handler_count > limits::plugin_handlers_max ||
      library.handlers == nullptr) {
    return refuse(refusal::misshapen_struct, "library.handlers is NULL, or there are not 1 to " +
                                                 std::to_string(limits::plugin_handlers_max));
  }
  declaration_.description.path = file_;
  declaration_.description.abi_minor_built = library.abi_minor_built;
  declaration_.description.abi_minor_required = library.abi_minor_required;
  for (std::uint32_t i = 0; i < library.handler_count; ++i) {
    if (auto read = read_handler(library.handlers[i]); !read) return read.error();
  }
  return std::move(declaration_);
}

}  // namespace

Result<Declaration> read_declaration(const std::filesystem::path& file, const aludel_library* library) {
  return Reader(file).read(library);
}

std::string subscription_fault(std::uint32_t kind, std::string_view type) {
  if (kind < ALUDEL_EXACT || kind > ALUDEL_ALL) {
    return "kind " + std::to_string(kind) + " is unknown: use ALUDEL_EXACT, ALUDEL_PREFIX or ALUDEL_ALL";
  }
  if (kind == ALUDEL_ALL) return type.empty() ? "" : "ALUDEL_ALL takes no type";
  if (type.empty()) return "the type is empty: use ALUDEL_ALL for every event";
  if (type.size() > limits::event_name_max) {
    return "the type is over " + std::to_string(limits::event_name_max) + " bytes";
  }
  if (!is_utf8(type) || type.find('\0') != std::string_view::npos)
    return "the type is not UTF-8, or holds a NUL";
  return "";
}

}  // namespace aludel
