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
///   handler, or it or its host does not answer (the command is kept); stopped: it could not be applied now
///   (and is kept), or it was, but the host that runs could not start this processor and does not try again
[[nodiscard]] Result<CommandResult> give_command(const Installation& installation,
                                                 const std::string& processor, const Command& command);

/// What a running host tells of a processor.
struct LiveState {
  std::string state;      ///< empty: there is no host, or it knows none of this name
  std::string why;        ///< its error's message; empty: there is none
  bool at_event = false;  ///< the error is about an event
};
[[nodiscard]] LiveState live_state(const Installation& installation, const std::string& name);

/// What makes a processor go on that is refused, whoever refused it.
inline constexpr const char* refused_remedy = "mend it, then start the host again";

/// Why a processor that a host would run has no projection, and what helps.
/// @return not_found: none has run it yet; stopped: the host that runs could not start it
[[nodiscard]] Error never_run(const Installation& installation, const std::string& name);

/// The processor's directory, if there is one of this name.
/// @return not_found: there is none, with what was probably meant, or it has never run; stopped: the host
///   that runs could not start it
[[nodiscard]] Result<std::filesystem::path> processor_directory(const Installation& installation,
                                                                const std::string& name);

}  // namespace aludel
