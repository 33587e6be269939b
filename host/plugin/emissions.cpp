// SPDX-License-Identifier: MIT
#include "plugin/emissions.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/abi_struct.hpp"

namespace aludel {

namespace {

// 0 for what was not emitted. A number that is none, or none of ours, is a producer's own affair.
std::uint32_t depth_of(const Event& event) {
  if (event.attributes.empty()) return 0;
  const auto text = event.attributes.find(depth_attribute);
  if (!text) return 0;
  std::uint32_t depth = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), depth);
  if (error != std::errc() || end != text->data() + text->size()) return 0;
  return std::min<std::uint32_t>(depth, limits::emit_depth_max);
}

std::uint64_t size_of(const aludel_new_event& event) {
  return event.type.size + event.key.size + event.content_type.size + event.data_size;
}

}  // namespace

void Emissions::deliver(const Event& event, std::uint32_t flags) {
  if (starts_anew_) delivered_.clear();
  starts_anew_ = false;
  const bool in_vain = (flags & (ALUDEL_CALL_REBUILD | ALUDEL_CALL_DRY_RUN)) != 0;
  delivered_.push_back({event.id, event.time_ns, 0, 0, depth_of(event), in_vain});
}

void Emissions::undo(std::uint64_t id) {
  while (!delivered_.empty() && delivered_.back().id >= id)
    delivered_.pop_back();
  starts_anew_ = false;
}

bool Emissions::contains(std::uint64_t id) const {
  return find(id) != delivered_.end();
}

std::vector<Emissions::Delivered>::const_iterator Emissions::find(std::uint64_t id) const {
  if (starts_anew_) return delivered_.end();
  const auto at =
      std::lower_bound(delivered_.begin(), delivered_.end(), id,
                       [](const Delivered& one, std::uint64_t wanted) { return one.id < wanted; });
  return at != delivered_.end() && at->id == id ? at : delivered_.end();
}

std::int32_t Emissions::emit(const aludel_new_event& event, std::optional<std::uint64_t> cause,
                             SqlSession& sql) {
  if (sink_ == nullptr) {
    return errors_.fail(ALUDEL_DENIED, "denied", "emit(): this instance has nowhere to emit to");
  }
  if (const auto result = check_texts(event); result != ALUDEL_OK) return result;
  const auto found = cause ? find(*cause) : std::prev(delivered_.end());
  if (found == delivered_.end()) {
    return errors_.fail(ALUDEL_INVALID, "invalid",
                        "emit(): the cause, event " + std::to_string(*cause) +
                            ", is none that was handled since the last commit");
  }
  auto* const by = &delivered_[static_cast<std::size_t>(found - delivered_.begin())];
  const auto size = size_of(event);
  if (const auto result = check_limits(*by, size); result != ALUDEL_OK) return result;
  if (!by->in_vain) {
    const auto content_type = event.content_type.size == 0 ? "application/json" : view_of(event.content_type);
    const std::string_view data(event.data == nullptr ? "" : static_cast<const char*>(event.data),
                                event.data_size);
    const EmittedEvent emitted{
        view_of(event.type), view_of(event.key), content_type, data, by->time_ns, by->id, by->depth + 1};
    if (const auto result = sql.add_emitted(*sink_, emitted); result != ALUDEL_OK) return result;
  }
  ++by->events;
  by->bytes += size;
  return ALUDEL_OK;
}

std::int32_t Emissions::check_texts(const aludel_new_event& event) {
  if (!is_readable(event.type) || !is_readable(event.key) || !is_readable(event.content_type) ||
      (event.data == nullptr && event.data_size != 0)) {
    return errors_.fail(ALUDEL_MISUSE, "misuse", "emit(): a string or the data is NULL with a size");
  }
  if (event.type.size == 0) return errors_.fail(ALUDEL_INVALID, "invalid", "emit(): the type is empty");
  if (const auto result = check_name("type", view_of(event.type)); result != ALUDEL_OK) return result;
  if (const auto result = check_name("key", view_of(event.key)); result != ALUDEL_OK) return result;
  if (const auto result = check_name("content type", view_of(event.content_type)); result != ALUDEL_OK) {
    return result;
  }
  if (event.data_size <= limits::event_data_max) return ALUDEL_OK;
  return errors_.fail(ALUDEL_TOO_LARGE, "too_large",
                      "emit(): the data has " + std::to_string(event.data_size) + " bytes, at most " +
                          std::to_string(limits::event_data_max) + " are allowed");
}

std::int32_t Emissions::check_name(const char* what, std::string_view text) {
  if (text.size() > limits::event_name_max) {
    return errors_.fail(ALUDEL_TOO_LARGE, "too_large",
                        std::string("emit(): the ") + what + " has " + std::to_string(text.size()) +
                            " bytes, at most " + std::to_string(limits::event_name_max) + " are allowed");
  }
  if (is_utf8(text) && text.find('\0') == std::string_view::npos) return ALUDEL_OK;
  return errors_.fail(ALUDEL_INVALID, "invalid",
                      std::string("emit(): the ") + what + " is not UTF-8, or holds a NUL");
}

std::int32_t Emissions::check_limits(const Delivered& cause, std::uint64_t size) {
  const auto over = [&](const std::string& what) {
    return errors_.fail(ALUDEL_LIMIT, "limit", "emit(): event " + std::to_string(cause.id) + " " + what);
  };
  if (cause.depth >= limits::emit_depth_max) {
    return over("was emitted at depth " + std::to_string(cause.depth) +
                ", the last that is allowed: do handlers emit in a circle?");
  }
  if (cause.events >= events_max_) {
    return over("has emitted " + std::to_string(cause.events) +
                " events, more are not allowed (emitted_events of its limits)");
  }
  if (size <= limits::emit_size_max - cause.bytes) return ALUDEL_OK;
  return over("would have emitted over " + std::to_string(limits::emit_size_max) + " bytes");
}

}  // namespace aludel
