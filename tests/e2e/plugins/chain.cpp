// SPDX-License-Identifier: MIT
/// A link of a chain: for each event it keeps a row and emits another event with the same data, of the type
/// that its config names. {"emits": "link.1", "in": "flush"} gathers and emits in flush, with the cause.
/// An event with {"fails": true} in its data fails until it is replayed; one with {"closes": true} closes the
/// descriptor by which emitted events leave.
#include <algorithm>
#include <aludel/plugin.hpp>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

class Chain {
 public:
  explicit Chain(const aludel::Config& config)
      : emits_(config.json<std::string>("/emits")),
        in_flush_(config.find<std::string>("/in").value_or("handle") == "flush") {}

  static constexpr const char* migrations[] = {
      "create table seen (id integer primary key, data text not null)"};

  void handle(aludel::Call& call, const aludel::Event& event) {
    if (event.find<bool>("/fails").value_or(false) && !call.is_replay())
      throw aludel::fail("planned", "as planned");
    if (event.find<bool>("/closes").value_or(false)) ::close(4);
    call.sql("insert into seen values (?, ?)").run(event.id(), event.data());
    if (in_flush_) {
      gathered_.push_back({event.id(), std::string(event.key()), std::string(event.data())});
    } else {
      call.emit({emits_, event.data(), event.key()});
    }
  }

  void flush(aludel::Call& call) {
    for (const auto& one : gathered_)
      call.emit({emits_, one.data, one.key, {}, one.id});
    gathered_.clear();
  }
  void rolled_back(aludel::Call&, std::uint64_t id) {
    gathered_.erase(
        std::remove_if(gathered_.begin(), gathered_.end(), [id](const auto& one) { return one.id >= id; }),
        gathered_.end());
  }

 private:
  struct Gathered {
    std::uint64_t id;
    std::string key;
    std::string data;
  };

  const std::string emits_;
  const bool in_flush_;
  std::vector<Gathered> gathered_;
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Chain>("test.chain", "1.0.0").on_prefix("link."))
