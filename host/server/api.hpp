// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/event_log.hpp"
#include "runtime/reload.hpp"
#include "server/http.hpp"

namespace aludel {

/// What the host answers over HTTP (docs/operating.md, "HTTP"):
///
///     POST /v1/events   application/cloudevents+json         one event
///                       application/cloudevents-batch+json   an array, appended whole or not at all
///                       application/x-ndjson                 an event a line; atomic per batch of lines
///                       Aludel-Producer, Aludel-Sequence     an idempotence key; of the first event, 0 if
///                       absent
///         -> {"first","last","count","duplicates"} once the events are durable
///     GET  /v1/status
///         -> as `aludel status --json`
///     POST /v1/nudge   application/json   {"processor": NAME} looks for an operator's commands
///         -> {}
///     POST /v1/reload  application/json   {"processor": NAME} goes over to what its plugin's file holds now
///         -> {"processor","from","version","pause_ms","state","error"} once it has
///
/// An error is {"error":{"code","message"}} with a fitting status. Any thread may call.
class Api {
 public:
  /// What the host does beside taking events. Any thread may call.
  struct Calls {
    std::function<Result<std::string>()> status_json;
    std::function<bool(std::string_view processor)> nudge;  ///< false: there is none of this name
    std::function<Result<Reloaded>(std::string_view processor)> reload;
  };

  /// All outlive this.
  Api(EventLog& log, Calls calls, const Clock& clock) : log_(log), calls_(std::move(calls)), clock_(clock) {}

  HttpResponse operator()(const HttpRequest& request) const;

 private:
  [[nodiscard]] HttpResponse status() const;
  [[nodiscard]] HttpResponse nudge(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse reload(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse append(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse append_one(const HttpRequest& request, std::uint64_t sequence, bool array) const;
  [[nodiscard]] HttpResponse append_lines(const HttpRequest& request, std::uint64_t sequence) const;

  EventLog& log_;
  Calls calls_;
  const Clock& clock_;
};

}  // namespace aludel
