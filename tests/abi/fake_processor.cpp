// SPDX-License-Identifier: MIT
#include "abi/fake_processor.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace abi_test {
namespace {

/// Keeps the host's call open while a plugin function runs.
class Open {
 public:
  Open(FakeHost& host, std::uint32_t stage, const TestEvent* event = nullptr, std::uint32_t flags = 0)
      : host_(host) {
    host.enter(stage, event, flags);
  }
  ~Open() { host_.leave(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

 private:
  FakeHost& host_;
};

aludel_str str_of(const std::string& text) {
  return {text.data(), text.size()};
}

aludel_event to_abi(const TestEvent& event) {
  return {sizeof(aludel_event),
          0,
          event.id,
          event.time_ns,
          str_of(event.type),
          ALUDEL_STR("/test"),
          str_of(event.key),
          ALUDEL_STR("application/json"),
          event.data.data(),
          event.data.size()};
}

}  // namespace

FakeProcessor::~FakeProcessor() {
  stop();
  if (created_) handler_.destroy(self_);
}

std::int32_t FakeProcessor::create(const std::string& config) {
  const Open open(host, ALUDEL_STAGE_CREATE);
  const std::int32_t outcome = handler_.create(host.call(), config.data(), config.size(), &self_);
  created_ = outcome == ALUDEL_HANDLED;
  return outcome;
}

std::int32_t FakeProcessor::migrate(std::uint32_t from) {
  const Open open(host, ALUDEL_STAGE_MIGRATE);
  return handler_.migrate(self_, host.call(), from, projection_version());
}

std::uint32_t FakeProcessor::projection_version() const {
  return host.projection_version().value_or(handler_.projection_version);
}

std::int32_t FakeProcessor::start() {
  started_ = true;
  if (handler_.start == nullptr) return ALUDEL_HANDLED;
  const Open open(host, ALUDEL_STAGE_START);
  const std::int32_t outcome = handler_.start(self_, host.call());
  started_ = outcome == ALUDEL_HANDLED;
  return outcome;
}

std::int32_t FakeProcessor::run_up(const std::string& config) {
  std::int32_t outcome = create(config);
  if (outcome == ALUDEL_HANDLED && projection_version() != 0) outcome = migrate();
  if (outcome == ALUDEL_HANDLED) outcome = start();
  return outcome;
}

std::int32_t FakeProcessor::handle(const TestEvent& event, std::uint32_t flags) {
  const aludel_event abi = to_abi(event);
  if (handler_.validate != nullptr) {
    const Open open(host, ALUDEL_STAGE_VALIDATE, &event, flags);
    const std::int32_t outcome = handler_.validate(self_, host.call(), &abi);
    if (outcome != ALUDEL_HANDLED) return outcome;
  }
  const Open open(host, ALUDEL_STAGE_HANDLE, &event, flags);
  return handler_.handle(self_, host.call(), &abi);
}

std::int32_t FakeProcessor::flush() {
  const Open open(host, ALUDEL_STAGE_FLUSH);
  return handler_.flush(self_, host.call());
}

void FakeProcessor::rolled_back(std::uint64_t event_id) {
  const Open open(host, ALUDEL_STAGE_ROLLED_BACK);
  handler_.rolled_back(self_, host.call(), event_id);
}

aludel_decision FakeProcessor::on_error(const TestEvent& event, const aludel_failure& failure) {
  const Open open(host, ALUDEL_STAGE_ON_ERROR, &event);
  const aludel_event abi = to_abi(event);
  aludel_decision decision{sizeof(aludel_decision), 0, 0};
  handler_.on_error(self_, host.call(), &abi, &failure, &decision);
  return decision;
}

void FakeProcessor::stop() {
  if (!std::exchange(started_, false) || handler_.stop == nullptr) return;
  const Open open(host, ALUDEL_STAGE_STOP);
  handler_.stop(self_, host.call());
}

std::int32_t FakeProcessor::deliver(const TestEvent& event) {
  host.execute("begin");
  const std::int32_t outcome = handle(event);
  host.execute(outcome <= ALUDEL_SKIP ? "commit" : "rollback");
  return outcome;
}

const aludel_library& load(const char* file) {
  const auto refuse = [](const aludel_hello*, const char* reason, std::uint64_t size) {
    std::fprintf(stderr, "refused: %.*s\n", static_cast<int>(size), reason);
  };
  const aludel_hello hello{sizeof hello, ALUDEL_ABI_MINOR, ALUDEL_STR("test"), ALUDEL_STR("0"), refuse};
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  void* const entry = library == nullptr ? nullptr : dlsym(library, "aludel_plugin_v1");
  if (entry == nullptr) {
    std::fprintf(stderr, "load %s: %s\n", file, dlerror());
    std::abort();
  }
  const aludel_library* const description = reinterpret_cast<decltype(&aludel_plugin_v1)>(entry)(&hello);
  if (description == nullptr) std::abort();
  return *description;
}

}  // namespace abi_test
