// SPDX-License-Identifier: MIT
#include "server/client.hpp"

#include <boost/json.hpp>

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

}  // namespace

Result<std::unique_ptr<HostClient>> HostClient::connect(const std::filesystem::path& socket) {
  auto connected = connect_to(socket);
  if (!connected) return connected.error();
  return std::unique_ptr<HostClient>(new HostClient(std::move(*connected)));
}

HostClient::HostClient(os::Descriptor socket)
    : connection_(std::move(socket), {limits::request_body_max, limits::request_header_max,
                                      limits::connection_idle_max, limits::request_time_max}) {}

Result<std::string> HostClient::ask(const HttpRequest& request) {
  auto response = connection_.exchange(request);
  if (!response) return response.error();
  if (response->status != 200) return error_in(*response);
  return std::move(response->body);
}

Result<AppendSummary> HostClient::append(std::string_view lines, std::string_view producer,
                                         std::uint64_t sequence) {
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
  auto body = ask(request);
  if (!body) return body.error();
  return parse_summary(*body);
}

Result<std::string> HostClient::status() {
  HttpRequest request;
  request.target = "/v1/status";
  return ask(request);
}

}  // namespace aludel
