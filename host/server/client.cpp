// SPDX-License-Identifier: MIT
#include "server/client.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "runtime/json_reading.hpp"
#include "server/unix_socket.hpp"

namespace aludel {

namespace {

ErrorCode parse_code(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::stopped); ++i) {
    if (to_string(static_cast<ErrorCode>(i)) == word) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::io;
}

Error error_in(const HttpResponse& response) {
  struct Told {
    ErrorCode code;
    std::string message;
  };
  const auto told = read_json<Told>(response.body, "the host's answer", [](const boost::json::object& o) {
    const auto& error = o.at("error").as_object();
    return Told{parse_code(text_at(error, "code")), text_at(error, "message")};
  });
  return told ? Error(told->code, told->message) : told.error();
}

// The request went out, perhaps in part.
Error outcome_unknown(const Error& error) {
  return {error.code,
          error.message +
              ": whether the last batch is in the log is not known: run the command again under the same "
              "--producer, which adds nothing twice; without one look with `log` first"};
}

}  // namespace

Result<std::unique_ptr<HostClient>> HostClient::connect(const std::filesystem::path& socket,
                                                        const Times& times) {
  std::unique_ptr<HostClient> client(new HostClient(socket, times));
  if (auto connected = client->connect(); !connected) return connected.error();
  return client;
}

Result<void> HostClient::connect() {
  auto connected = connect_to(socket_);
  if (!connected) return connected.error();
  connection_ = std::make_unique<HttpConnection>(
      std::move(*connected), HttpLimits{limits::request_body_max, limits::request_header_max,
                                        limits::connection_idle_max, limits::request_time_max});
  return {};
}

Result<AppendSummary> HostClient::append(std::string_view lines, std::string_view producer,
                                         std::uint64_t sequence) {
  if (!connection_->reusable()) {
    if (auto connected = connect(); !connected) {
      return Error(ErrorCode::io,
                   "append through the host: " + connected.error().message +
                       ": this batch was not sent: run the command again, under the same --producer if it "
                       "had one");
    }
  }
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/events";
  request.content_type = "application/x-ndjson";
  if (!producer.empty()) {
    request.producer = producer;
    request.sequence = std::to_string(sequence);
  }
  request.padded_body = lines;
  request.body_size = lines.size();
  auto response = connection_->exchange(request, times_.append);
  if (!response) return outcome_unknown(response.error());
  if (response->status != 200) return error_in(*response);
  return parse_summary(response->body);
}

Result<void> HostClient::nudge(std::string_view processor) {
  const auto response = post("/v1/nudge", processor, times_.status);
  if (!response) return response.error();
  return {};
}

Result<Reloaded> HostClient::reload(std::string_view processor) {
  const auto response = post("/v1/reload", processor, limits::reload_time_max);
  if (!response) return response.error();
  return parse_reloaded(*response);
}

Result<std::string> HostClient::post(const char* target, std::string_view processor,
                                     std::chrono::milliseconds time_max) {
  const auto body = "{\"processor\":" + json_string(processor) + "}" + std::string(64, ' ');
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.content_type = "application/json";
  request.padded_body = body;
  request.body_size = body.size();
  auto response = connection_->exchange(request, time_max);
  if (!response) return response.error();
  if (response->status != 200) return error_in(*response);
  return std::move(response->body);
}

Result<std::string> HostClient::status() {
  HttpRequest request;
  request.target = "/v1/status";
  auto response = connection_->exchange(request, times_.status);
  if (!response) return response.error();
  if (response->status != 200) return error_in(*response);
  return std::move(response->body);
}

}  // namespace aludel
