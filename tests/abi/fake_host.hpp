// SPDX-License-Identifier: MIT
#pragma once

#include <aludel/plugin.h>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct sqlite3;

namespace abi_test {

struct TestEvent {
  std::string type;
  std::string data = "{}";
  std::uint64_t id = 0;
  std::int64_t time_ns = 0;
  std::string key = {};
  std::vector<std::pair<std::string, std::string>> attributes = {};
};

/// The latest error of a call, as the operator would read it.
struct ReportedError {
  std::string code;
  std::string message;
  std::string detail_json;
  std::uint64_t retry_after_ms = 0;
  std::uint64_t event_id = UINT64_MAX;
};

/// The host's side of the ABI over an SQLite database in memory, for one instance: what plugin.h promises to
/// a handler, by the shortest way, and knobs to make it fail. Nothing of the real host is in it.
class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  /// The call object of the instance, always the same.
  aludel_call* call();
  /// Opens the call for one plugin function, on this thread, and clears the latest error.
  void enter(std::uint32_t stage, const TestEvent* event = nullptr, std::uint32_t flags = 0);
  /// Closes it and resets its statements.
  void leave();

  /// Makes the next host function on a statement, or the next subscribe(), return this instead of doing its
  /// work.
  void fail_next(std::int32_t result, std::string message);

  /// Runs SQL as the host, outside of any call.
  void execute(const std::string& sql);
  /// The rows of a query: columns joined by '|', rows by newlines.
  [[nodiscard]] std::string rows(const std::string& sql);

  [[nodiscard]] const ReportedError& error() const { return error_; }
  [[nodiscard]] std::vector<std::string> log_lines() const;
  [[nodiscard]] const std::vector<std::string>& emitted() const { return emitted_; }
  /// What create() subscribed to, "<kind> <type>" each, and the version that it set, if it did.
  [[nodiscard]] const std::vector<std::string>& subscriptions() const { return subscriptions_; }
  [[nodiscard]] std::optional<std::uint32_t> projection_version() const { return projection_version_; }
  /// How often statements were asked for, and how many there are.
  [[nodiscard]] int prepare_calls() const { return prepare_calls_; }
  [[nodiscard]] std::size_t statements() const { return statements_.size(); }

 private:
  struct Functions;  // the functions of aludel_host
  struct Json;       // what json() needs between two calls
  struct Host : aludel_host {
    FakeHost* self = nullptr;
  };
  struct Call : aludel_call {
    FakeHost* self = nullptr;
  };

  std::int32_t fail(std::int32_t result, std::string message);
  std::int32_t sqlite_error(int code);
  /// Whether the call may use a function that works in the stages of this bit set.
  bool may(std::uint32_t stages);
  std::optional<std::int32_t> injected();

  sqlite3* database_ = nullptr;
  Host host_;
  Call call_;
  bool open_ = false;
  std::thread::id thread_;
  const TestEvent* event_ = nullptr;
  ReportedError error_;
  std::unique_ptr<Json> json_;
  std::vector<std::unique_ptr<aludel_statement>> statements_;
  int prepare_calls_ = 0;
  std::optional<std::pair<std::int32_t, std::string>> injected_;
  std::vector<std::string> subscriptions_;
  std::optional<std::uint32_t> projection_version_;
  std::vector<std::string> emitted_;
  mutable std::mutex log_mutex_;
  std::vector<std::string> log_lines_;
};

}  // namespace abi_test
