// SPDX-License-Identifier: MIT
#include "server/server.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>

#include "server/client.hpp"
#include "server/unix_socket.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

using std::chrono::milliseconds;

HttpLimits generous() {
  return {1'000, 1'000, std::chrono::seconds(60), std::chrono::seconds(60)};
}

std::unique_ptr<Server> start(const std::filesystem::path& socket, const HttpLimits& http,
                              Server::Respond respond, std::size_t connections_max = 8) {
  auto server =
      Server::start({.socket = socket, .connections_max = connections_max, .http = http}, std::move(respond));
  REQUIRE(server);
  return std::move(*server);
}

HttpResponse echo(const HttpRequest& request) {
  return {
      200,
      request.method + " " + request.target + " " + request.content_type + " " + std::string(request.body()),
      {}};
}

// A client that may say anything at any pace.
class RawClient {
 public:
  explicit RawClient(const std::filesystem::path& path) {
    auto socket = connect_to(path);
    REQUIRE(socket);
    socket_ = std::move(*socket);
  }
  void say(std::string_view text) {
    REQUIRE(::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  // Everything up to the end of the connection.
  std::string hear() {
    std::string text;
    char bytes[4096];
    for (;;) {
      const auto size = ::recv(socket_.number(), bytes, sizeof bytes, 0);
      if (size <= 0) return text;
      text.append(bytes, static_cast<std::size_t>(size));
    }
  }

 private:
  os::Descriptor socket_;
};

// A host that closes each connection after one request.
class OneByOne {
 public:
  explicit OneByOne(const std::filesystem::path& path) {
    auto listener = listen_at(path);
    REQUIRE(listener);
    listener_ = std::move(*listener);
  }
  // Answers the next request with `answer`, if that is not empty.
  void serve_one(std::string_view answer) {
    {
      const os::Descriptor socket(::accept(listener_.number(), nullptr, nullptr));
      std::string text;
      char bytes[4096];
      while (!text.ends_with("{}\n")) {
        const auto size = ::recv(socket.number(), bytes, sizeof bytes, 0);
        if (size <= 0) return;
        text.append(bytes, static_cast<std::size_t>(size));
      }
      (void)!::send(socket.number(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ++closed_;
    closed_.notify_all();
  }
  void await_closed(int count) const {
    for (int now = closed_; now < count; now = closed_)
      closed_.wait(now);
  }
  [[nodiscard]] bool somebody_waits() const {
    pollfd poll{listener_.number(), POLLIN, 0};
    return ::poll(&poll, 1, 0) > 0;
  }

 private:
  os::Descriptor listener_;
  std::atomic<int> closed_ = 0;
};

constexpr std::string_view appended_one =
    "HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n"
    R"({"first":0,"last":0,"count":1,"duplicates":0}   )";

// What is answered to `text` on a connection of its own, which the server then closes.
std::string answer_to(std::string_view text, const HttpLimits& http = generous()) {
  const TempDir dir;
  const auto server = start(dir.path() / "s", http, echo);
  RawClient client(dir.path() / "s");
  client.say(text);
  return client.hear();
}

std::string status_line(const std::string& answer) {
  return answer.substr(0, answer.find('\r'));
}

}  // namespace

TEST_CASE("a request is handed on with its parts, and connections serve several") {
  const TempDir dir;
  const auto server = start(dir.path() / "s", generous(), echo);
  RawClient client(dir.path() / "s");
  client.say(
      "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nhi"
      "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto answers = client.hear();
  CHECK(answers.find("POST /a?b text/x hi\n") != std::string::npos);
  CHECK(answers.find("GET /c  \n") != std::string::npos);
  CHECK(answers.find("Content-Type: application/json") != std::string::npos);
}

TEST_CASE("a body in chunks arrives whole") {
  CHECK(answer_to("POST /a HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n")
            .find("POST /a  hi!\n") != std::string::npos);
}

TEST_CASE("a client that waits for leave to send its body gets it") {
  const auto answer = answer_to(
      "POST /a HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(status_line(answer) == "HTTP/1.1 100 Continue");
  CHECK(answer.find("POST /a  hi\n") != std::string::npos);
}

TEST_CASE("what is over a limit or no HTTP is refused with the fitting status, and the connection closed") {
  const std::string chunk(600, 'x');
  const std::pair<std::string, const char*> cases[] = {
      {"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 Payload Too Large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" + chunk + "\r\n258\r\n" + chunk +
           "\r\n0\r\n\r\n",
       "HTTP/1.1 413 Payload Too Large"},
      {"GET / HTTP/1.1\r\nX: " + std::string(2'000, 'x') + "\r\n\r\n",
       "HTTP/1.1 431 Request Header Fields Too Large"},
      {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nAludel-Producer: p\r\nAludel-Producer: q\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\naludel-sequence: 1\r\nAludel-Sequence: 1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
  };
  for (const auto& wrong : cases) {
    const auto answer = answer_to(wrong.first);
    CAPTURE(wrong.first);
    CHECK(status_line(answer) == wrong.second);
    CHECK(answer.find("{\"error\":{\"code\":\"") != std::string::npos);
  }
}

TEST_CASE("a client that is slow with its request, or sends none, is let go") {
  HttpLimits slow = generous();
  slow.request_max = milliseconds(30);
  CHECK(status_line(answer_to("POST / HTTP/1.1\r\nContent-Le", slow)) == "HTTP/1.1 408 Request Timeout");
  CHECK(status_line(answer_to("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi", slow)) ==
        "HTTP/1.1 408 Request Timeout");
  HttpLimits idle = generous();
  idle.idle_max = milliseconds(30);
  CHECK(answer_to("", idle).empty());
}

TEST_CASE("a client that goes in the middle of a request harms nobody") {
  const TempDir dir;
  const auto server = start(dir.path() / "s", generous(), echo);
  {
    RawClient client(dir.path() / "s");
    client.say("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhi");
  }
  auto next = HostClient::connect(dir.path() / "s");
  REQUIRE(next);
  CHECK((*next)->status());
}

TEST_CASE("a client whose idle connection the host has closed makes another one") {
  const TempDir dir;
  OneByOne host(dir.path() / "s");
  std::thread serve([&] {
    host.serve_one(appended_one);
    host.serve_one(appended_one);
  });
  auto client = HostClient::connect(dir.path() / "s");
  REQUIRE(client);
  CHECK((*client)->append("{}\n", "p", 0));
  host.await_closed(1);
  CHECK((*client)->append("{}\n", "p", 1));
  serve.join();
}

TEST_CASE("a client never sends a batch twice, and says that its outcome is not known") {
  const TempDir dir;
  OneByOne host(dir.path() / "s");
  std::thread serve([&] { host.serve_one(""); });
  auto client = HostClient::connect(dir.path() / "s");
  REQUIRE(client);
  const auto lost = (*client)->append("{}\n", "p", 0);
  serve.join();
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == ErrorCode::io);
  CHECK(lost.error().message.find("whether the last batch is in the log is not known") != std::string::npos);
  CHECK(lost.error().message.find("--producer") != std::string::npos);
  CHECK_FALSE(host.somebody_waits());
}

TEST_CASE("a client whose host has ended says that the batch was not sent") {
  const TempDir dir;
  std::unique_ptr<HostClient> client;
  {
    OneByOne host(dir.path() / "s");
    std::thread serve([&] { host.serve_one(appended_one); });
    client = HostClient::connect(dir.path() / "s").value();
    CHECK(client->append("{}\n", "p", 0));
    serve.join();
  }
  const auto refused = client->append("{}\n", "p", 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("was not sent") != std::string::npos);
}

TEST_CASE("a client does not wait for ever for a host that does not answer") {
  const TempDir dir;
  const auto listener = listen_at(dir.path() / "s");  // accepts nobody, as a stopped process
  REQUIRE(listener);
  auto client = HostClient::connect(dir.path() / "s", {milliseconds(20), milliseconds(20)});
  REQUIRE(client);
  const auto status = (*client)->status();
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::timed_out);
  auto other = HostClient::connect(dir.path() / "s", {milliseconds(20), milliseconds(20)});
  const auto append = (*other)->append("{}\n", "", 0);
  REQUIRE_FALSE(append);
  CHECK(append.error().code == ErrorCode::timed_out);
  CHECK(append.error().message.find("is not known") != std::string::npos);
}

TEST_CASE("one connection more than allowed is told to come again") {
  const TempDir dir;
  const auto server = start(dir.path() / "s", generous(), echo, 1);
  auto first = HostClient::connect(dir.path() / "s");
  REQUIRE(first);
  REQUIRE((*first)->status());  // it is being served
  RawClient second(dir.path() / "s");
  CHECK(status_line(second.hear()) == "HTTP/1.1 503 Service Unavailable");
}

TEST_CASE("requests are answered side by side") {
  const TempDir dir;
  constexpr int clients = 8;
  std::latch all_there(clients);
  const auto server = start(dir.path() / "s", generous(), [&](const HttpRequest&) {
    all_there.arrive_and_wait();  // none is answered before all have come
    return HttpResponse{};
  });
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      auto client = HostClient::connect(dir.path() / "s");
      if (client && (*client)->status()) ++answered;
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(answered == clients);
}

TEST_CASE("the end of the server lets a request in flight be answered, and takes the socket away") {
  const TempDir dir;
  std::latch begun(1);
  std::latch go_on(1);
  auto server = start(dir.path() / "s", generous(), [&](const HttpRequest&) {
    begun.count_down();
    go_on.wait();
    return HttpResponse{200, "done", {}};
  });
  RawClient idle(dir.path() / "s");
  std::string answer;
  std::thread client([&] {
    auto connected = HostClient::connect(dir.path() / "s");
    if (auto status = (*connected)->status()) answer = *status;
  });
  begun.wait();
  std::thread end([&] { server.reset(); });
  go_on.count_down();
  end.join();
  client.join();
  CHECK(answer == "done\n");
  CHECK(idle.hear().empty());
  CHECK_FALSE(std::filesystem::exists(dir.path() / "s"));
}

TEST_CASE("a socket is its owner's alone, replaces what a dead host left, and may lie at any depth") {
  const TempDir dir;
  const auto deep = dir.path() / std::string(100, 'a') / std::string(100, 'b');
  std::filesystem::create_directories(deep);
  const auto path = deep / "s";
  { const auto left = listen_at(path); }  // nobody unlinks it
  REQUIRE(std::filesystem::exists(path));
  const auto nobody = connect_to(path);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == ErrorCode::not_found);

  const auto server = start(path, generous(), echo);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(connect_to(path));

  const auto missing = connect_to(dir.path() / "nothing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("bodies that would take more memory together than is allowed are told to come again") {
  const TempDir dir;
  std::latch begun(1);
  std::latch go_on(1);
  const Server::Options options{
      .socket = dir.path() / "s", .connections_max = 8, .http = generous(), .bodies_max = 1'000};
  auto server = Server::start(options, [&](const HttpRequest& request) {
    if (request.target == "/wait") {
      begun.count_down();
      go_on.wait();
    }
    return HttpResponse{200, "done", {}};
  });
  REQUIRE(server);
  const std::string body(600, 'x');
  const auto post = [&](const std::string& path) {
    return "POST " + path + " HTTP/1.1\r\nConnection: close\r\nContent-Length: 600\r\n\r\n" + body;
  };
  RawClient first(dir.path() / "s");
  first.say(post("/wait"));
  begun.wait();
  RawClient second(dir.path() / "s");
  second.say(post("/"));
  const auto refusal = second.hear();
  CHECK(status_line(refusal) == "HTTP/1.1 503 Service Unavailable");
  CHECK(refusal.find("try again") != std::string::npos);
  RawClient chunked(dir.path() / "s");
  chunked.say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" + body + "\r\n0\r\n\r\n");
  CHECK(status_line(chunked.hear()) == "HTTP/1.1 503 Service Unavailable");
  go_on.count_down();
  CHECK(status_line(first.hear()) == "HTTP/1.1 200 OK");
  RawClient third(dir.path() / "s");
  third.say(post("/"));
  CHECK(status_line(third.hear()) == "HTTP/1.1 200 OK");
}

TEST_CASE("whoever is still sending what is refused hears why") {
  const TempDir dir;
  const auto server = start(dir.path() / "s", generous(), echo);
  RawClient client(dir.path() / "s");
  client.say("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  client.say(std::string(1'000'000, 'x'));
  CHECK(status_line(client.hear()) == "HTTP/1.1 413 Payload Too Large");
}

TEST_CASE("a client that does not take its answer holds up the end for a moment only") {
  const TempDir dir;
  std::latch begun(1);
  auto server = start(dir.path() / "s", generous(), [&](const HttpRequest&) {
    begun.count_down();
    return HttpResponse{200, std::string(10'000'000, 'x'), {}};
  });
  RawClient client(dir.path() / "s");
  client.say("GET / HTTP/1.1\r\n\r\n");
  begun.wait();
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(30));
}

TEST_CASE("the end of a server leaves alone a socket that another one has made at its place") {
  const TempDir dir;
  const auto path = dir.path() / "s";
  auto moved = start(path, generous(), echo);
  std::filesystem::rename(path, dir.path() / "moved");
  const auto other = start(path, generous(), echo);
  moved.reset();
  CHECK(connect_to(path));
}

}  // namespace aludel
