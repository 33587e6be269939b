// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "processor/death.hpp"
#include "runtime/processor_spec.hpp"

namespace aludel {

/// What a processor's child holds itself to, so that its plugin does not go beyond what the operator allows
/// (docs/decisions/0045-limits.md). Beyond the memory, or with too many threads, the process ends, and its
/// page tells why; a descriptor too many is an error of whoever wants it.
///
/// One a process.
class ChildLimits {
 public:
  /// From now on: before the plugin is loaded. The specification outlives the process's threads.
  explicit ChildLimits(const ProcessorSpec& spec);
  ChildLimits(const ChildLimits&) = delete;
  ChildLimits& operator=(const ChildLimits&) = delete;

  /// In a call of the plugin, at the end of a batch.
  void check_threads() const;

 private:
  [[noreturn]] static void end_without_memory();
  [[noreturn]] void end(const ProcessEnd& end, const std::string& why) const;

  const ProcessorSpec& spec_;
};

}  // namespace aludel
