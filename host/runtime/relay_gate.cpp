// SPDX-License-Identifier: MIT
#include "runtime/relay_gate.hpp"

#include <charconv>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "plugin/emission.hpp"

namespace aludel {

namespace {

struct Origin {
  std::uint64_t cause;
  std::uint64_t depth;
};

std::optional<std::uint64_t> number_of(std::optional<AttributeList::Attribute> attribute,
                                       std::string_view name) {
  if (!attribute || attribute->name != name) return std::nullopt;
  const auto* const end = attribute->value.data() + attribute->value.size();
  std::uint64_t number = 0;
  const auto read = std::from_chars(attribute->value.data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

// These two attributes, and no other.
std::optional<Origin> origin_of(const NewEvent& event) {
  const auto cause = number_of(event.attributes.at(0), cause_attribute);
  const auto depth = number_of(event.attributes.at(1), depth_attribute);
  if (!cause || !depth || event.attributes.at(2)) return std::nullopt;
  return Origin{*cause, *depth};
}

std::size_t size_of(const NewEvent& event) {
  return event.type.size() + event.key.size() + event.content_type.size() + event.data.size();
}

}  // namespace

std::string emitting_producer(std::string_view processor, const Uuid& id) {
  return fmt::format("/processors/{}/{}", processor, id.to_string());
}

std::string emitting_producer_before(const Uuid& id) {
  return id.to_string();
}

Result<std::uint64_t> RelayGate::append(const AppendRequest& request) {
  if (auto ok = check(request); !ok) return ok.error();
  const auto producer = producer_of(request.producer);
  if (!producer) return producer.error();
  if (auto ok = admit_types(request); !ok) return ok.error();
  const auto appended = log_.append({request.events, *producer, request.sequence});
  if (!appended) return appended.error();
  return request.sequence + request.events.size();
}

// What emit() and the relay hold a handler to anyway.
Result<void> RelayGate::check(const AppendRequest& request) const {
  const auto refuse = [&](std::size_t index, std::string_view what) {
    return Error(ErrorCode::invalid,
                 fmt::format("append what processor \"{}\" has emitted: event {} of the batch {}, which the "
                             "relay never sends: something else in its process writes to the host: have its "
                             "plugin mended",
                             processor_, index, what));
  };
  const auto tip = log_.tip();
  std::size_t size = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> by_cause;
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    const auto& event = request.events[i];
    const auto origin = origin_of(event);
    size += size_of(event);
    if (i >= limits::relay_events_max || (i > 0 && size > limits::relay_size_max)) {
      return refuse(i, "makes it too large");
    }
    if (event.source != source_) return refuse(i, "has another source");
    if (!origin) return refuse(i, "has attributes other than its cause and its depth");
    if (origin->cause >= tip) return refuse(i, "has a cause that the log does not have");
    if (origin->depth < 1 || origin->depth > limits::emit_depth_max) return refuse(i, "has a wrong depth");
    if (event.type.empty() || !is_utf8(event.type)) return refuse(i, "has no type, or none of UTF-8");
    if (!is_utf8(event.key) || !is_utf8(event.content_type))
      return refuse(i, "has strings that are not UTF-8");
    if (++by_cause[origin->cause] > limits::emit_events_max) return refuse(i, "is one too many of its cause");
  }
  return {};
}

// Another id comes with a reset by which the processor begins to emit anew, which is rare.
Result<std::string> RelayGate::producer_of(std::string_view id) {
  const std::lock_guard lock(mutex_);
  if (const auto known = keys_.find(id); known != keys_.end()) return known->second;
  const auto uuid = Uuid::parse(id);
  if (!uuid) {
    return Error(ErrorCode::invalid,
                 fmt::format("append what processor \"{}\" has emitted: it does not come under the id of its "
                             "projection: have its plugin mended",
                             processor_));
  }
  if (keys_.size() >= limits::relay_producers_max) {
    return Error(
        ErrorCode::limit,
        fmt::format("append what processor \"{}\" has emitted: it comes under more than {} ids since "
                    "the host has started: start the host again if it was reset so often, or have "
                    "its plugin mended",
                    processor_, limits::relay_producers_max));
  }
  const auto before = emitting_producer_before(*uuid);
  const auto source = log_.last_source(before);
  if (!source) return source.error();
  const bool goes_on = *source && (**source == source_ || (*source)->empty());
  return keys_.emplace(id, goes_on ? before : emitting_producer(processor_, *uuid)).first->second;
}

Result<void> RelayGate::admit_types(const AppendRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& event : request.events) {
    if (types_.contains(event.type)) continue;
    if (types_.size() >= limits::relay_types_max) {
      return Error(
          ErrorCode::limit,
          fmt::format("append what processor \"{}\" has emitted: it is of more than {} types since "
                      "the host has started, and a log holds {} in all: have its handler emit fewer, "
                      "or start the host again",
                      processor_, limits::relay_types_max, limits::log_types_max));
    }
    types_.emplace(event.type);
  }
  return {};
}

}  // namespace aludel
