// SPDX-License-Identifier: MIT
#include "server/http.hpp"

#if defined(__GNUC__) && !defined(__clang__)
// Under sanitizers GCC 12 sees an uninitialised read in Beast's `return boost::none`.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <cerrno>
#include <optional>
#include <poll.h>
#include <sys/socket.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/cloudevents.hpp"
#include "base/duration.hpp"
#include "base/limits.hpp"

namespace aludel {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// A socket as Beast's synchronous functions want it, with a deadline for each transfer.
struct HttpConnection::Stream {
  os::Descriptor socket;
  HttpLimits limits;
  beast::flat_buffer buffer;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool keep_alive = true;
  BodyBudget::Share share;  // of the request that is being served

  Stream(os::Descriptor s, const HttpLimits& l, BodyBudget* bodies)
      : socket(std::move(s)), limits(l), share(bodies) {}

  void allow(std::chrono::milliseconds time) { deadline = std::chrono::steady_clock::now() + time; }

  bool wait(short events, error_code& error) const {
    for (;;) {
      int timeout = -1;
      if (deadline) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
        timeout = static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
      }
      pollfd poll{socket.number(), events, 0};
      const int ready = ::poll(&poll, 1, timeout);
      if (ready > 0) return true;
      if (ready < 0 && errno == EINTR) continue;
      error = ready == 0 ? beast::error::timeout : error_code(errno, boost::system::system_category());
      return false;
    }
  }

  template <typename Transfer>
  std::size_t transfer(short events, error_code& error, Transfer transfer_some) const {
    error = {};
    for (;;) {
      if (!wait(events, error)) return 0;
      const auto size = transfer_some();
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno == EINTR || errno == EAGAIN) continue;
      error = error_code(errno, boost::system::system_category());
      return 0;
    }
  }

  // Beast's SyncReadStream and SyncWriteStream.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    const asio::mutable_buffer to = *asio::buffer_sequence_begin(buffers);
    if (to.size() == 0) return 0;
    const auto size =
        transfer(POLLIN, error, [&] { return ::recv(socket.number(), to.data(), to.size(), MSG_DONTWAIT); });
    if (!error && size == 0) error = asio::error::eof;
    return size;
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
      const asio::const_buffer from = *at;
      if (from.size() == 0) continue;
      return transfer(POLLOUT, error, [&] {
        return ::send(socket.number(), from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      });
    }
    return 0;
  }
  // The concepts ask for these too; nothing calls them.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    error_code error;
    const auto size = read_some(buffers, error);
    ALUDEL_ASSERT(!error);
    return size;
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    error_code error;
    const auto size = write_some(buffers, error);
    ALUDEL_ASSERT(!error);
    return size;
  }
};

namespace {

HttpResponse refusal(unsigned status, std::string_view code, std::string_view message) {
  return {status,
          "{\"error\":{\"code\":\"" + std::string(code) + "\",\"message\":\"" + std::string(message) + "\"}}",
          {}};
}

std::variant<HttpRequest, HttpResponse, HttpConnection::Closed> failed(const error_code& error) {
  if (error == http::error::body_limit)
    return refusal(413, "limit", "the body is too large; send smaller batches");
  if (error == http::error::header_limit) return refusal(431, "limit", "the header is too large");
  if (error == beast::error::timeout) return refusal(408, "timed_out", "the request did not arrive in time");
  // Beast's own errors are of what was sent; any other is of the connection.
  if (error.category() == http::make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    return refusal(400, "invalid", "this is no request of HTTP/1.1: " + error.message());
  }
  return HttpConnection::Closed{};
}

HttpResponse over_budget() {
  return refusal(503, "limit", "too much is being sent at once; try again");
}

std::string header(const auto& fields, beast::string_view name) {
  return std::string(fields[name]);
}

std::optional<std::string> header_if_sent(const auto& fields, beast::string_view name) {
  if (fields.count(name) == 0) return std::nullopt;
  return header(fields, name);
}

}  // namespace

HttpConnection::HttpConnection(os::Descriptor socket, const HttpLimits& limits, BodyBudget* bodies)
    : stream_(std::make_unique<Stream>(std::move(socket), limits, bodies)) {}
HttpConnection::~HttpConnection() = default;

bool HttpConnection::keeps_alive() const {
  return stream_->keep_alive;
}

std::variant<HttpRequest, HttpResponse, HttpConnection::Closed> HttpConnection::receive() {
  auto received = receive_request();
  if (!std::holds_alternative<HttpRequest>(received)) stream_->share.release();
  return received;
}

std::variant<HttpRequest, HttpResponse, HttpConnection::Closed> HttpConnection::receive_request() {
  auto& s = *stream_;
  error_code error;
  s.allow(s.limits.idle_max);
  if (s.buffer.size() == 0 && !s.wait(POLLIN, error)) return Closed{};
  s.allow(s.limits.request_max);

  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(s.limits.header_max));
  parser.body_limit(s.limits.body_max);
  http::read_header(s, s.buffer, parser, error);
  if (error) return failed(error);
  auto& message = parser.get();
  const std::size_t announced = parser.content_length().value_or(0) + EventBatch::padding;
  if (!s.share.grow_to(announced)) return over_budget();
  message.body().reserve(announced);
  if (beast::iequals(message[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    http::write(s, go_on, error);
  }
  parser.eager(true);
  while (!error && !parser.is_done()) {
    http::read_some(s, s.buffer, parser, error);
    if (!s.share.grow_to(message.body().capacity())) return over_budget();
  }
  if (error) return failed(error);

  s.keep_alive = message.keep_alive();
  for (const auto* once : {"Aludel-Producer", "Aludel-Sequence"}) {
    if (message.count(once) > 1) return refusal(400, "invalid", once + std::string(" stands there twice"));
  }
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.content_type = header(message, "Content-Type");
  request.producer = header_if_sent(message, "Aludel-Producer");
  request.sequence = header_if_sent(message, "Aludel-Sequence");
  request.padded_body = std::move(message.body());
  request.body_size = request.padded_body.size();
  request.padded_body.append(EventBatch::padding, '\0');
  return request;
}

bool HttpConnection::answer(const HttpResponse& response, bool more) {
  auto& s = *stream_;
  http::response<http::string_body> message(static_cast<http::status>(response.status), 11);
  message.set(http::field::content_type, "application/json");
  if (!response.allow.empty()) message.set(http::field::allow, response.allow);
  message.body() = response.body + "\n";
  message.keep_alive(more);
  message.prepare_payload();
  error_code error;
  s.allow(s.limits.request_max);
  http::write(s, message, error);
  s.share.release();
  return more && !error;
}

// Whoever is still sending would find the connection broken before it read the answer.
void HttpConnection::refuse(const HttpResponse& response) {
  auto& s = *stream_;
  answer(response, false);
  ::shutdown(s.socket.number(), SHUT_WR);
  s.allow(limits::refusal_grace);
  char bytes[16 * limits::KiB];
  error_code error;
  while (!error)
    s.read_some(asio::buffer(bytes), error);
}

bool HttpConnection::reusable() const {
  const auto& s = *stream_;
  if (!s.keep_alive || s.buffer.size() > 0) return false;
  char byte = 0;
  return ::recv(s.socket.number(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Result<HttpResponse> HttpConnection::exchange(const HttpRequest& request,
                                              std::chrono::milliseconds time_max) {
  auto& s = *stream_;
  s.allow(time_max);
  s.keep_alive = false;
  http::request<http::string_body> message(http::string_to_verb(request.method), request.target, 11);
  message.set(http::field::host, "aludel");
  if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
  if (request.producer) message.set("Aludel-Producer", *request.producer);
  if (request.sequence) message.set("Aludel-Sequence", *request.sequence);
  message.body() = request.body();
  message.prepare_payload();
  error_code error;
  http::write(s, message, error);
  http::response_parser<http::string_body> parser;
  parser.body_limit(s.limits.body_max);
  if (!error) http::read(s, s.buffer, parser, error);
  if (error == beast::error::timeout) {
    return Error(ErrorCode::timed_out,
                 "talk to the host: it has not answered in " + format_duration(time_max));
  }
  if (error) return Error(ErrorCode::io, "talk to the host: " + error.message());
  auto& answer = parser.get();
  s.keep_alive = answer.keep_alive();
  return HttpResponse{answer.result_int(), std::move(answer.body()), {}};
}

}  // namespace aludel
