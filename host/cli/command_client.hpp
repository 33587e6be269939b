// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.hpp"
#include "processor/command.hpp"
#include "runtime/installation.hpp"

namespace aludel {

/// Gives a processor a command and waits until it is applied and durable: by the host that runs the
/// processor, or, where there is none, by a child that is started for it.
/// @return not_found: there is no such processor, or it has never run; timed_out: it hangs in a call of its
///   handler (the command is kept); stopped: it could not be applied now (and is kept)
[[nodiscard]] Result<CommandResult> give_command(const Installation& installation,
                                                 const std::string& processor, const Command& command);

/// The state that a running host tells of the processor; empty: there is no host, or it knows none of this
/// name.
[[nodiscard]] std::string live_state(const Installation& installation, const std::string& name);

/// The processor's directory, if there is one of this name.
/// @return not_found, with what was probably meant
[[nodiscard]] Result<std::filesystem::path> processor_directory(const DataDirectory& data,
                                                                const std::string& name);

}  // namespace aludel
