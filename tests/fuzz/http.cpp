// SPDX-License-Identifier: MIT
// What a client sends over a connection, up to the API and back.
#include <array>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "input.hpp"
#include "server/api.hpp"
#include "support/taking_log.hpp"

namespace aludel {

namespace {

constexpr std::size_t input_max = 64 * 1024;  // what a socket holds, so that nobody waits
constexpr int requests_max = 16;

void serve(HttpConnection& connection, const Api& api) {
  for (int i = 0; i < requests_max; ++i) {
    const auto received = connection.receive();
    if (std::holds_alternative<HttpConnection::Closed>(received)) return;
    const auto* refusal = std::get_if<HttpResponse>(&received);
    const auto response = refusal ? *refusal : api(std::get<HttpRequest>(received));
    ALUDEL_ASSERT(response.status >= 200 && response.status < 600 && !response.body.empty());
    if (!connection.answer(response, refusal == nullptr && connection.keeps_alive())) return;
  }
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  if (size > input_max) return 0;
  std::array<int, 2> ends{};
  ALUDEL_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const os::Descriptor client(ends[0]);
  os::Descriptor server(ends[1]);
  ALUDEL_ASSERT(::send(client.number(), data, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size));
  ::shutdown(client.number(), SHUT_WR);
  constexpr std::chrono::seconds time_max(5);
  HttpConnection connection(std::move(server), {32 * 1024, 4 * 1024, time_max, time_max});
  TakingLog log;
  serve(connection, Api(log,
                        {[] { return Result<std::string>("{}"); }, [](std::string_view) { return true; },
                         [](std::string_view) { return Result<Reloaded>(Reloaded()); }},
                        system_clock()));
  return 0;
}
