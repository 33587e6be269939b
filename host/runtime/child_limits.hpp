// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "processor/death.hpp"
#include "processor/page.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// What a processor's child holds itself to, so that its plugin does not go beyond what the operator allows
/// (docs/decisions/0045-limits.md). Beyond the memory, or with too many threads or no file more to open at
/// the end of a batch, the process ends, and its page tells why.
///
/// One a process.
class ChildLimits {
 public:
  /// From now on: before the plugin is loaded. The specification outlives the process's threads.
  explicit ChildLimits(const ProcessorSpec& spec);
  ChildLimits(const ChildLimits&) = delete;
  ChildLimits& operator=(const ChildLimits&) = delete;

  /// In a call of the plugin, at the end of a batch.
  void check() const;

 private:
  [[noreturn]] static void end_without_memory();
  [[noreturn]] void end(const ProcessEnd& end, const std::string& why) const;

  const ProcessorSpec& spec_;
  std::unique_ptr<InFlightPage> page_;  ///< null: it cannot be opened, which the processor tells
};

}  // namespace aludel
