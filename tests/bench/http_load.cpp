// SPDX-License-Identifier: MIT
// A client of `POST /v1/events` with many connections, each of which waits for the answer to its event before
// it sends the next one. One thread, so that it takes as little as it can of what it measures. Includes
// nothing of the project.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "http_load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (socket < 0 || connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail(path);
  return socket;
}

std::string request_of(std::size_t payload) {
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/bench","type":"bench","data":")" +
                            std::string(payload, 'x') + "\"}";
  return "POST /v1/events HTTP/1.1\r\nHost: aludel\r\nContent-Type: "
         "application/cloudevents+json\r\nContent-Length: " +
         std::to_string(event.size()) + "\r\n\r\n" + event;
}

void send_all(int socket, const std::string& text) {
  if (send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) fail("send");
}

// A connection, and what has come of the answer.
struct Connection {
  int socket;
  std::string answer;

  // Whether it is whole now; then the next one may be awaited.
  bool receive() {
    char bytes[4'096];
    const auto size = recv(socket, bytes, sizeof bytes, 0);
    if (size <= 0) fail("recv");
    answer.append(bytes, static_cast<std::size_t>(size));
    const auto head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    if (!answer.starts_with("HTTP/1.1 200 ")) fail("an event was not taken");
    const auto length = answer.find("Content-Length: ");
    if (length == std::string::npos) fail("an answer has no length");
    if (answer.size() < head + 4 + std::strtoul(answer.c_str() + length + 16, nullptr, 10)) return false;
    answer.clear();
    return true;
  }
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: http_load SOCKET CONNECTIONS TIMES\n", stderr);
    return 2;
  }
  const auto connections = std::strtoul(arguments[2], nullptr, 10);
  const auto times = std::strtoul(arguments[3], nullptr, 10);
  const auto request = request_of(100);
  const int events = epoll_create1(0);
  std::vector<Connection> open(connections);
  for (auto& connection : open) {
    connection.socket = connect_to(arguments[1]);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (epoll_ctl(events, EPOLL_CTL_ADD, connection.socket, &event) != 0) fail("epoll_ctl");
  }
  const auto began = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  std::size_t done = 0;
  for (; sent < std::min<std::size_t>(connections, times); ++sent)
    send_all(open[sent].socket, request);
  std::vector<epoll_event> ready(connections);
  while (done < times) {
    const int found = epoll_wait(events, ready.data(), static_cast<int>(ready.size()), -1);
    if (found < 0) fail("epoll_wait");
    for (int i = 0; i < found; ++i) {
      auto& connection = *static_cast<Connection*>(ready[static_cast<std::size_t>(i)].data.ptr);
      if (!connection.receive()) continue;
      ++done;
      if (sent == times) continue;
      send_all(connection.socket, request);
      ++sent;
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  std::printf("{\"times\":%zu,\"seconds\":%.6f}\n", done, taken.count());
  return 0;
}
