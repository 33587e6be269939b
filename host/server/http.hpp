// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"
#include "server/body_budget.hpp"

/// HTTP/1.1 over a connected socket, blocking, with limits on size and time. Boost.Beast stays behind it.
namespace aludel {

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::string content_type;
  std::optional<std::string> producer;  ///< Aludel-Producer
  std::optional<std::string> sequence;  ///< Aludel-Sequence
  /// As received, with EventBatch::padding bytes behind it that belong to nothing: see `body`.
  std::string padded_body;
  std::size_t body_size = 0;

  [[nodiscard]] std::string_view body() const { return {padded_body.data(), body_size}; }
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;   ///< JSON
  std::string allow;  ///< the Allow header, for 405
};

struct HttpLimits {
  std::size_t body_max;
  std::size_t header_max;
  std::chrono::milliseconds idle_max;     ///< until a request begins
  std::chrono::milliseconds request_max;  ///< from its first byte until it is there, and for the answer to go
};

/// A connection. One thread at a time.
class HttpConnection {
 public:
  /// @param bodies outlives this; none: what is received is limited by its own size only
  HttpConnection(os::Descriptor socket, const HttpLimits& limits, BodyBudget* bodies = nullptr);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  struct Closed {};  ///< by the other side, or because nothing came in time
  /// The server's side: the next request; or the answer to what could not be read as one, after which the
  /// connection is to be closed.
  std::variant<HttpRequest, HttpResponse, Closed> receive();
  /// @param more whether another request may follow
  /// @return whether the connection is still good for that
  bool answer(const HttpResponse& response, bool more);
  /// Answers what was not received to its end; the connection is of no more use.
  void refuse(const HttpResponse& response);
  /// Whether the request received last allows another.
  [[nodiscard]] bool keeps_alive() const;

  /// The client's side: whether another request can be sent. Not if the other side has closed the connection,
  /// or said that it will.
  [[nodiscard]] bool reusable() const;
  /// Sends and waits for the answer. After an error the connection is of no more use, and what became of the
  /// request is not known.
  /// @return timed_out; io
  Result<HttpResponse> exchange(const HttpRequest& request, std::chrono::milliseconds time_max);

 private:
  std::variant<HttpRequest, HttpResponse, Closed> receive_request();

  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace aludel
