// SPDX-License-Identifier: MIT
#include "runtime/relay_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <vector>

#include "base/limits.hpp"
#include "log/block_check.hpp"
#include "log/encoded_block.hpp"

namespace aludel {

namespace {

constexpr auto last_error_code = static_cast<std::uint32_t>(ErrorCode::stopped);

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive_all(int socket, char* at, std::size_t size) {
  while (size > 0) {
    const auto got = ::recv(socket, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Result<std::uint64_t> RelayClient::append(const AppendRequest& request, const Interrupt& interrupt) {
  if (answer_is_due_ && *answer_is_due_ != request.producer) {
    auto late = receive_answer(interrupt);
    if (answer_is_due_) return late;
  }
  if (!answer_is_due_) {
    auto block = EncodedBlock::encode({request.events, request.producer, request.sequence});
    if (!block) return block.error();
    block->place({});
    if (!send_all(descriptor_, block->bytes())) on_broken_();
    answer_is_due_ = request.producer;
  }
  return receive_answer(interrupt);
}

Result<std::uint64_t> RelayClient::receive_answer(const Interrupt& interrupt) {
  if (!wait_for_answer(interrupt)) {
    return Error(ErrorCode::stopped, "wait for the host to append emitted events: interrupted");
  }
  RelayAnswer answer;
  receive(reinterpret_cast<char*>(&answer), sizeof answer);
  std::string message(answer.message_size, '\0');
  receive(message.data(), message.size());
  answer_is_due_.reset();
  if (answer.error == 0) return answer.below;
  return Error(static_cast<ErrorCode>(std::min(answer.error - 1, last_error_code)), message);
}

void RelayClient::receive(char* at, std::size_t size) {
  if (!receive_all(descriptor_, at, size)) on_broken_();
}

// A socket and an interrupt cannot be waited for together; the answer takes a disk's sync.
bool RelayClient::wait_for_answer(const Interrupt& interrupt) {
  pollfd socket{descriptor_, POLLIN, 0};
  for (;;) {
    const auto ready = ::poll(&socket, 1, static_cast<int>(limits::poll_interval.count()));
    if (ready > 0) return true;
    if (interrupt.pending()) return false;
  }
}

Result<std::unique_ptr<RelayServer>> RelayServer::start(os::Descriptor socket, RelayGate& gate) {
  std::unique_ptr<RelayServer> server(new RelayServer(std::move(socket), gate));
  try {
    server->thread_ = std::thread([raw = server.get()] { raw->serve(); });
  } catch (const std::system_error& error) {
    return Error(ErrorCode::limit,
                 std::string("start a thread for a processor's emitted events: ") + error.code().message());
  }
  return server;
}

RelayServer::~RelayServer() {
  close();
  if (thread_.joinable()) thread_.join();
}

void RelayServer::close() {
  ::shutdown(socket_.number(), SHUT_RDWR);
  closed_ = true;
}

void RelayServer::serve() {
  std::string block;
  while (receive_block(block)) {
    RelayAnswer answer;
    std::string message;
    if (const auto below = append(block)) {
      answer.below = *below;
    } else {
      answer.error = static_cast<std::uint32_t>(below.error().code) + 1;
      message = below.error().message;
      answer.message_size = static_cast<std::uint32_t>(message.size());
    }
    const std::string head(reinterpret_cast<const char*>(&answer), sizeof answer);
    if (!send_all(socket_.number(), head + message)) break;
  }
  // Whoever sent what is no block is not to wait for an answer.
  ::shutdown(socket_.number(), SHUT_RDWR);
  ended_ = true;
}

// @return false at the end of the stream, or if something else than a request came
bool RelayServer::receive_block(std::string& block) const {
  format::BlockHeader header;
  if (!receive_all(socket_.number(), reinterpret_cast<char*>(&header), sizeof header)) return false;
  if (header_fault(header, {{}, 0, 0}, limits::block_max)) return false;
  block.resize(format::block_size(header));
  format::store(block.data(), header);
  if (!receive_all(socket_.number(), block.data() + sizeof header, block.size() - sizeof header))
    return false;
  return !directory_fault(block.data()) && !body_fault(block.data());
}

Result<std::uint64_t> RelayServer::append(const std::string& block) const {
  const Block sent(block.data());
  std::vector<NewEvent> events;
  events.reserve(sent.count());
  Event event;
  for (auto walk = sent.events(0); walk.next(event);) {
    events.push_back({event.type, event.source, event.key, event.content_type, event.data, event.attributes,
                      event.time_ns, sent.sent_crc(static_cast<std::uint32_t>(event.id))});
  }
  return gate_.append({events, sent.producer(), sent.producer_sequence()});
}

Result<RelayServers::End> RelayServers::start(os::Descriptor socket, std::string_view processor) {
  std::erase_if(servers_, [](const auto& server) { return server->is_over(); });
  auto server = RelayServer::start(std::move(socket), gate(processor));
  if (!server) return server.error();
  servers_.push_back(std::move(*server));
  return End(servers_.back().get());
}

RelayGate& RelayServers::gate(std::string_view processor) {
  const auto found = gates_.find(processor);
  return found != gates_.end() ? found->second
                               : gates_.try_emplace(std::string(processor), processor, log_).first->second;
}

}  // namespace aludel
