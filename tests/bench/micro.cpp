// SPDX-License-Identifier: MIT
// The small parts, one at a time.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "log/encoded_block.hpp"
#include "plugin/library.hpp"

namespace aludel {

namespace {

constexpr std::int64_t batch = 1'000;

class NoLog final : public HandlerLog {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, LogOrigin) override {}
};

Event event_of(const std::string& payload) {
  Event event;
  event.type = "bench";
  event.source = "/bench";
  event.data = payload;
  return event;
}

// What the handler of plugins/count.c does, called directly.
[[gnu::noinline]] Outcome count(std::uint64_t& sum, const Event& event) {
  sum += event.data.size();
  benchmark::ClobberMemory();
  return Outcome::handled;
}

void direct_call(benchmark::State& state) {
  const std::string payload(100, 'x');
  auto event = event_of(payload);
  std::uint64_t sum = 0;
  for (auto _ : state) {
    for (event.id = 0; event.id < batch; ++event.id)
      benchmark::DoNotOptimize(count(sum, event));
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(direct_call);

void call_through_abi(benchmark::State& state) {
  const auto library = Library::load(BENCH_PLUGINS "/libbench_count.so");
  if (!library) return state.SkipWithError(library.error().message.c_str());
  NoLog log;
  const auto instance =
      (*library)->instantiate("org.aludel.bench.count", {.processor = "bench", .log_id = {}, .log = &log});
  if (!instance || (*instance)->create("{}") != Outcome::handled || (*instance)->start() != Outcome::handled)
    return state.SkipWithError("no instance could be made");
  const std::string payload(100, 'x');
  auto event = event_of(payload);
  for (auto _ : state) {
    for (event.id = 0; event.id < batch; ++event.id)
      benchmark::DoNotOptimize((*instance)->handle(event, 0, 1));
    benchmark::DoNotOptimize((*instance)->flush());
  }
  state.SetItemsProcessed(state.iterations() * batch);
  (*instance)->stop();
}
BENCHMARK(call_through_abi);

void checksum(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state)
    benchmark::DoNotOptimize(crc32c(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Arg(64)->Arg(4'096)->Arg(131'072);

void encode_block(benchmark::State& state) {
  const std::string payload(100, 'x');
  NewEvent event;
  event.type = "bench";
  event.source = "/bench";
  event.data = payload;
  const std::vector<NewEvent> events(static_cast<std::size_t>(state.range(0)), event);
  BlockBuffer buffer;
  for (auto _ : state) {
    auto block = EncodedBlock::encode({events, {}, 0}, std::move(buffer));
    if (!block) return state.SkipWithError(block.error().message.c_str());
    block->place({});
    benchmark::DoNotOptimize(block->bytes().data());
    buffer = block->take_buffer();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_block)->Arg(1)->Arg(1'000);

}  // namespace

}  // namespace aludel

BENCHMARK_MAIN();
