// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "runtime/data_directory.hpp"
#include "runtime/processor_spec.hpp"

/// What a host has told a processor last, as `processor.json` in the host's folder of it: for those who work
/// without a host.
namespace aludel {

/// Says where a processor works in a data directory. All of its paths are whole from here on.
void place(ProcessorSpec& spec, const DataDirectory& data);

[[nodiscard]] Result<void> note_spec(const ProcessorSpec& spec);
/// In this data directory, wherever it was noted: it may be a copy.
/// @return not_found: no host has run the processor; invalid, io
[[nodiscard]] Result<ProcessorSpec> noted_spec(const DataDirectory& data, std::string_view name);

}  // namespace aludel
