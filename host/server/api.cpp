// SPDX-License-Identifier: MIT
#include "server/api.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/ndjson.hpp"
#include "log/append_check.hpp"
#include "runtime/ingest.hpp"

namespace aludel {

namespace {

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return 400;
    case ErrorCode::denied: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::conflict: return 409;
    case ErrorCode::limit: return 413;
    case ErrorCode::refused: return 422;
    case ErrorCode::disk_full: return 507;
    case ErrorCode::locked:
    case ErrorCode::memory:
    case ErrorCode::stopped:
    case ErrorCode::timed_out: return 503;
    default: return 500;
  }
}

HttpResponse failed(unsigned status, std::string_view code, std::string_view message) {
  return {status,
          "{\"error\":{\"code\":" + json_string(code) + ",\"message\":" + json_string(message) + "}}",
          {}};
}

HttpResponse failed(const Error& error) {
  return failed(status_of(error.code), to_string(error.code), error.message);
}

HttpResponse invalid(std::string_view message) {
  return failed(Error(ErrorCode::invalid, std::string(message)));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// The path of a target in origin form, or in absolute form, which a server accepts too (RFC 9112, 3.2.2).
std::string path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (lower(std::string(target.substr(0, scheme.size()))) != scheme) continue;
    const auto path = target.find('/', scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
    break;
  }
  return std::string(target.substr(0, target.find('?')));
}

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  return lower(std::move(type));
}

std::optional<std::uint64_t> parse_sequence(std::string_view text) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

std::string_view producer_of(const HttpRequest& request) {
  return request.producer ? std::string_view(*request.producer) : std::string_view();
}

// The body in pieces, as a file would come.
NdjsonReader::Source source_of(std::string_view body) {
  return [body](char* to, std::size_t size) mutable -> Result<std::size_t> {
    const auto taken = std::min(size, body.size());
    std::copy_n(body.data(), taken, to);
    body.remove_prefix(taken);
    return taken;
  };
}

// {"processor": NAME}
Result<std::string> processor_in(const HttpRequest& request) {
  JsonDocument body;
  if (const auto parsed = body.parse(request.body(), EventBatch::padding); !parsed) return parsed.error();
  const auto name = body.at("/processor");
  if (!name || name->type != JsonValue::Type::text) {
    return Error(ErrorCode::invalid, "send {\"processor\": NAME}");
  }
  return std::string(name->text);
}

}  // namespace

HttpResponse Api::operator()(const HttpRequest& request) const {
  const auto path = path_of(request.target);
  struct Route {
    std::string_view path;
    std::string_view method;
  };
  static constexpr Route routes[] = {
      {"/v1/events", "POST"}, {"/v1/status", "GET"}, {"/v1/nudge", "POST"}, {"/v1/reload", "POST"}};
  const auto* const route =
      std::find_if(std::begin(routes), std::end(routes), [&](const Route& r) { return r.path == path; });
  if (route == std::end(routes)) {
    return failed(404, "not_found",
                  "nothing is here; there are /v1/events, /v1/status, /v1/nudge and /v1/reload");
  }
  if (request.method != route->method) {
    auto response = failed(405, "invalid", path + " takes " + std::string(route->method));
    response.allow = route->method;
    return response;
  }
  if (path == "/v1/events") return append(request);
  if (path == "/v1/nudge") return nudge(request);
  return path == "/v1/reload" ? reload(request) : status();
}

HttpResponse Api::status() const {
  const auto json = calls_.status_json();
  return json ? HttpResponse{200, *json, {}} : failed(json.error());
}

HttpResponse Api::nudge(const HttpRequest& request) const {
  const auto name = processor_in(request);
  if (!name) return failed(name.error());
  if (!calls_.nudge(*name)) return failed(404, "not_found", "this host runs no processor \"" + *name + "\"");
  return {200, "{}", {}};
}

HttpResponse Api::reload(const HttpRequest& request) const {
  const auto name = processor_in(request);
  if (!name) return failed(name.error());
  const auto reloaded = calls_.reload(*name);
  return reloaded ? HttpResponse{200, to_json(*reloaded), {}} : failed(reloaded.error());
}

HttpResponse Api::append(const HttpRequest& request) const {
  const auto sequence = parse_sequence(request.sequence.value_or("0"));
  if (!sequence) return invalid("Aludel-Sequence must be a number from 0");
  if (!request.producer && request.sequence) {
    return invalid("Aludel-Sequence counts a producer's events: send Aludel-Producer too");
  }
  if (request.producer && request.producer->empty()) {
    return invalid("Aludel-Producer is empty: give a key, or leave the header out");
  }
  if (const auto checked = check_producer(producer_of(request)); !checked) return failed(checked.error());
  const auto type = media_type(request.content_type);
  if (type == "application/cloudevents+json") return append_one(request, *sequence, false);
  if (type == "application/cloudevents-batch+json") return append_one(request, *sequence, true);
  if (type == "application/x-ndjson") return append_lines(request, *sequence);
  return failed(415, "invalid",
                "send Content-Type application/cloudevents+json, application/cloudevents-batch+json or "
                "application/x-ndjson");
}

HttpResponse Api::append_one(const HttpRequest& request, std::uint64_t sequence, bool array) const {
  EventBatch batch;
  const auto now = clock_.wall_ns();
  const auto added = array ? batch.add_array(request.body(), now) : batch.add(request.body(), now);
  if (!added) return failed(added.error());
  if (batch.empty()) return invalid("there is no event in the batch");
  const auto appended = log_.append({batch.events(), producer_of(request), sequence});
  if (!appended) return failed(appended.error());
  AppendSummary summary;
  summary.add(*appended);
  return {200, to_json(summary), {}};
}

HttpResponse Api::append_lines(const HttpRequest& request, std::uint64_t sequence) const {
  NdjsonReader reader(source_of(request.body()), NdjsonReader::Supply::all_there);
  const auto append = [&](std::span<const NewEvent> events, std::uint64_t first) -> Result<AppendSummary> {
    const auto appended = log_.append({events, producer_of(request), first});
    if (!appended) return appended.error();
    AppendSummary summary;
    summary.add(*appended);
    return summary;
  };
  const auto summary = ingest(reader, sequence, clock_, append);
  if (!summary) return failed(summary.error());
  if (summary->count + summary->duplicates == 0) return invalid("there is no event in the body");
  return {200, to_json(*summary), {}};
}

}  // namespace aludel
