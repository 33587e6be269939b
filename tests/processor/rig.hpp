// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "processor/command.hpp"
#include "processor/page.hpp"
#include "processor/processor.hpp"
#include "scripted_instance.hpp"
#include "support/fake_appender.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_log.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

/// A processor's surroundings: a log in memory, a real projection, a scripted handler.
///
/// `run` opens the processor, lets it work until it is caught up (or stands still), and closes it.
class Rig : public HandlerLog {
 public:
  Rig();

  ProcessorState run();
  [[nodiscard]] Result<std::unique_ptr<Processor>> open();

  /// As if the process before had died in a call. @param before interruptions there, in a row
  void died_in(std::uint64_t event_id, std::uint32_t attempt, const ProcessEnd& end, std::uint32_t before = 0,
               Stage stage = Stage::handle) const;
  /// Gives an operator's command.
  static void command(const std::filesystem::path& directory, const Command& command);

  /// What a reader of the processor's directory sees. Ids of the handler's rows, ascending, as one line.
  [[nodiscard]] virtual std::string rows() const { return rows_in(directory()); }
  [[nodiscard]] ProcessorState durable() const;
  [[nodiscard]] static std::string rows_in(const std::filesystem::path& directory);
  [[nodiscard]] static std::int64_t number_in(const std::filesystem::path& directory, const std::string& sql);
  /// Empty for NULL.
  [[nodiscard]] static std::string text_in(const std::filesystem::path& directory, const std::string& sql);
  /// "0 1 2 ... last" without some, as `rows` has it.
  [[nodiscard]] static std::string all_but(std::uint64_t last, const std::vector<std::uint64_t>& missing);
  [[nodiscard]] const std::filesystem::path& directory() const { return options.directory; }

  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view line, LogOrigin) override { logged.emplace_back(line); }

  TempDir temp;
  FakeLog log;
  FakeAppender emitted;  ///< what the processor has relayed
  Appender* appender = &emitted;
  FakeClock clock;
  Script script;
  Interrupt stop;
  Processor::Options options;
  Processor::MakeInstance make_instance;
  std::vector<ProcessorState> told;
  std::vector<std::string> logged;
  /// What happens when the processor would wait: the first, then the next one. When none is left, time passes
  /// until it would wait for ever; then it is stopped.
  std::deque<std::function<void(const FakeLog::Wait&)>> steps;
};

/// "0 1 2 ... last", as `Rig::rows` has it; empty for -1.
[[nodiscard]] std::string upto(std::int64_t last);

}  // namespace aludel
