// SPDX-License-Identifier: MIT
#include "server/api.hpp"

#include <optional>
#include <string>
#include <vector>

#include "base/cloudevents.hpp"
#include "server/client.hpp"
#include "server/server.hpp"
#include "support/result_printing.hpp"
#include "support/taking_log.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

// Takes every append, or fails each in the same way.
class FakeEventLog final : public TakingLog {
 public:
  struct Taken {
    std::vector<std::string> types;
    std::string producer;
    std::uint64_t sequence;
  };

  std::optional<Error> failure;
  std::vector<Taken> appends;

  Result<AppendResult> append(const AppendRequest& request) override {
    if (failure) return *failure;
    Taken taken{{}, std::string(request.producer), request.sequence};
    for (const auto& event : request.events)
      taken.types.emplace_back(event.type);
    appends.push_back(taken);
    return TakingLog::append(request);
  }
};

struct Rig {
  FakeEventLog log;
  Result<std::string> status = std::string("{}");
  std::vector<std::string> nudged;
  Result<Reloaded> reloaded = Error(ErrorCode::refused, "no ELF");
  Api api{log,
          {[this] { return status; },
           [this](std::string_view name) {
             nudged.emplace_back(name);
             return name == "x";
           },
           [this](std::string_view) { return reloaded; }},
          system_clock()};

  HttpResponse post(std::string body, std::string type, std::optional<std::string> producer = {},
                    std::optional<std::string> sequence = {}) {
    HttpRequest request{
        "POST", "/v1/events", std::move(type), std::move(producer), std::move(sequence), std::move(body), 0};
    request.body_size = request.padded_body.size();
    request.padded_body.append(EventBatch::padding, '\0');
    return api(request);
  }
};

constexpr auto one = "application/cloudevents+json";
constexpr auto lines = "application/x-ndjson";

}  // namespace

TEST_CASE("an error of the log becomes the fitting status, with its code and words") {
  const std::pair<ErrorCode, unsigned> cases[] = {
      {ErrorCode::invalid, 400},   {ErrorCode::conflict, 409}, {ErrorCode::limit, 413},
      {ErrorCode::disk_full, 507}, {ErrorCode::memory, 503},   {ErrorCode::stopped, 503},
      {ErrorCode::timed_out, 503}, {ErrorCode::io, 500},       {ErrorCode::corrupt, 500},
      {ErrorCode::denied, 403},    {ErrorCode::locked, 503},   {ErrorCode::refused, 422},
  };
  for (const auto& [code, status] : cases) {
    Rig rig;
    rig.log.failure = Error(code, "append: \"words\"");
    for (const auto* type : {one, lines}) {
      const auto response = rig.post(R"({"type":"t"})", type);
      CHECK(response.status == status);
      CHECK(response.body ==
            R"({"error":{"code":")" + std::string(to_string(code)) + R"(","message":"append: \"words\""}})");
    }
    rig.status = Error(code, "status");
    HttpRequest get;
    get.target = "/v1/status";
    CHECK(rig.api(get).status == status);
  }
}

TEST_CASE("lines are appended in batches under a producer's running sequence") {
  Rig rig;
  std::string body;
  for (int i = 0; i < 25'000; ++i)
    body += "{\"type\":\"t\"}\n";
  const auto response = rig.post(body, lines, "p", "7");
  CHECK(response.status == 200);
  CHECK(response.body == R"({"first":0,"last":24999,"count":25000,"duplicates":0})");
  REQUIRE(rig.log.appends.size() == 3);
  CHECK(rig.log.appends[0].sequence == 7);
  CHECK(rig.log.appends[1].sequence == 10'007);
  CHECK(rig.log.appends[2].sequence == 20'007);
  CHECK(rig.log.appends[2].producer == "p");
}

TEST_CASE("a producer's key that is empty or would not stay the same key is refused") {
  for (const std::string key : {"", " p", "p ", "p\n", "a\rb",
                                "a\x7f"
                                "b",
                                "p\xff",
                                "a\xc2\x85"
                                "b"}) {
    CAPTURE(key);
    Rig rig;
    const auto response = rig.post(R"({"type":"t"})", lines, key);
    CHECK(response.status == 400);
    CHECK(rig.log.appends.empty());
  }
  Rig rig;
  CHECK(rig.post(R"({"type":"t"})", lines, "k\xc3\xa9 y", "").status == 400);
  CHECK(rig.post(R"({"type":"t"})", lines, "k\xc3\xa9 y").status == 200);
  CHECK(rig.log.appends[0].producer == "k\xc3\xa9 y");
}

TEST_CASE("a target may be given in absolute form") {
  Rig rig;
  for (const auto* target : {"http://aludel/v1/status", "HTTP://x:1/v1/status?a", "/v1/status"}) {
    HttpRequest get;
    get.target = target;
    CHECK(rig.api(get).status == 200);
  }
  for (const auto* target : {"http://aludel", "http://aludel/", "ftp://aludel/v1/status", "v1/status"}) {
    HttpRequest get;
    get.target = target;
    CHECK(rig.api(get).status == 404);
  }
}

TEST_CASE("a client gets the host's error as it was, through the socket") {
  const TempDir dir;
  Rig rig;
  Server::Options options;
  options.socket = dir.path() / "s";
  const auto server = Server::start(options, [&](const HttpRequest& request) { return rig.api(request); });
  REQUIRE(server);
  auto client = HostClient::connect(options.socket);
  REQUIRE(client);
  const auto good = (*client)->append("{\"type\":\"a\"}\n{\"type\":\"b\"}\n", "p", 3);
  REQUIRE(good);
  CHECK(good->count == 2);
  CHECK(rig.log.appends[0].sequence == 3);
  CHECK(rig.log.appends[0].types == std::vector<std::string>{"a", "b"});
  rig.log.failure = Error(ErrorCode::conflict, "append: no");
  const auto bad = (*client)->append("{\"type\":\"a\"}\n", "p", 3);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == ErrorCode::conflict);
  CHECK(bad.error().message == "append: no");
}

TEST_CASE("a reload is answered with what came of it, through the socket") {
  const TempDir dir;
  Rig rig;
  Server::Options options;
  options.socket = dir.path() / "s";
  const auto server = Server::start(options, [&](const HttpRequest& request) { return rig.api(request); });
  REQUIRE(server);
  auto client = HostClient::connect(options.socket);
  REQUIRE(client);
  const auto refused = (*client)->reload("x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::refused);
  CHECK(refused.error().message == "no ELF");
  rig.reloaded = Reloaded{"x", "1.0.0", "1.1.0", std::chrono::microseconds(12'345), Activity::stopped, "why"};
  const auto good = (*client)->reload("x");
  REQUIRE(good);
  CHECK(describe(*good) == "reloaded x in 12.3 ms: version 1.0.0 -> 1.1.0; it is stopped: why");
  CHECK(good->pause == std::chrono::microseconds(12'345));
  CHECK(
      to_json(*good) ==
      R"({"processor":"x","from":"1.0.0","version":"1.1.0","pause_ms":12.345,"state":"stopped","error":"why"})");
}

TEST_CASE("a request that names no processor is no order") {
  for (const auto* target : {"/v1/nudge", "/v1/reload"}) {
    Rig rig;
    HttpRequest request{"POST", target, "application/json", {}, {}, "{\"processor\":7}", 15};
    request.padded_body.append(EventBatch::padding, '\0');
    CHECK(rig.api(request).status == 400);
    CHECK(rig.nudged.empty());
  }
}

}  // namespace aludel
