// SPDX-License-Identifier: MIT
// What a client sends over a connection, up to the API and back.
#include <array>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "input.hpp"
#include "server/api.hpp"

namespace aludel {

namespace {

constexpr std::size_t input_max = 64 * 1024;  // what a socket holds, so that nobody waits
constexpr int requests_max = 16;

/// Takes every append.
class TakingLog final : public EventLog {
 public:
  Result<AppendResult> append(const AppendRequest& request) override {
    ALUDEL_ASSERT(!request.events.empty());
    tip_ += request.events.size();
    return AppendResult{tip_ - request.events.size(), request.events.size(), 0};
  }
  [[nodiscard]] Uuid log_id() const override { return {}; }
  [[nodiscard]] Result<std::uint64_t> first() const override { return 0; }
  [[nodiscard]] std::uint64_t tip() const override { return tip_; }
  Result<WaitResult> wait(std::uint64_t, const Interrupt&, std::optional<std::chrono::nanoseconds>) override {
    return WaitResult::timed_out;
  }
  Result<std::unique_ptr<BlockCursor>> read_from(std::uint64_t, Check) override { return Error(); }
  Result<std::uint32_t> block_fingerprint(std::uint64_t) override { return Error(); }

 private:
  std::uint64_t tip_ = 0;
};

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
