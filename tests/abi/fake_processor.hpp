// SPDX-License-Identifier: MIT
#pragma once

#include "abi/fake_host.hpp"

namespace abi_test {

/// An instance of a handler in a fake host, driven through the ABI in the order that plugin.h prescribes.
/// Each function gives the outcome (ALUDEL_HANDLED ...).
class FakeProcessor {
 public:
  explicit FakeProcessor(const aludel_handler& handler) : handler_(handler) {}
  ~FakeProcessor();
  FakeProcessor(const FakeProcessor&) = delete;
  FakeProcessor& operator=(const FakeProcessor&) = delete;

  std::int32_t create(const std::string& config = "{}");
  std::int32_t migrate(std::uint32_t from = 0);
  std::int32_t start();
  /// create, migrate from nothing, start: each as far as the handler has it; the first outcome that is not
  /// handled.
  std::int32_t run_up(const std::string& config = "{}");

  /// Validates, then handles one event within the transaction that is open, if there is one.
  std::int32_t handle(const TestEvent& event, std::uint32_t flags = 0);
  std::int32_t flush();
  void rolled_back(std::uint64_t event_id);
  aludel_decision on_error(const TestEvent& event, const aludel_failure& failure);
  void stop();

  /// Handles one event in a transaction of its own, which fails as a whole.
  std::int32_t deliver(const TestEvent& event);

  [[nodiscard]] const aludel_handler& handler() const { return handler_; }
  /// What create() set, or else the handler's.
  [[nodiscard]] std::uint32_t projection_version() const;
  [[nodiscard]] void* self() const { return self_; }
  FakeHost host;

 private:
  const aludel_handler& handler_;
  void* self_ = nullptr;
  bool created_ = false;
  bool started_ = false;
};

/// The description that a plugin's file gives; it stays loaded. Ends the test program if it cannot be loaded.
const aludel_library& load(const char* file);

}  // namespace abi_test
