// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/os/descriptor.hpp"
#include "base/result.hpp"

namespace aludel::os {

/// How a process ended.
struct ExitStatus {
  int status = 0;  ///< what it exited with; meaningless if a signal ended it
  int signal = 0;  ///< the signal that ended it, or 0

  [[nodiscard]] bool succeeded() const { return signal == 0 && status == 0; }
  /// "exited with status 3", "killed by signal 11 (Segmentation fault)"
  [[nodiscard]] std::string describe() const;
};

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

/// Both ends are closed on exec.
[[nodiscard]] Result<Pipe> make_pipe();

/// A child process: the same machine's, another program's image. Ends with its maker: the kernel kills it
/// when the thread that spawned it ends, so spawn from a thread that stays.
///
/// Use either way: `wait` with a timeout, or watch `pidfd` in an event loop and call `wait` with no time once
/// it is readable. One thread at a time.
class Process {
 public:
  struct Options {
    /// Descriptor `own` of this process is `number` in the child.
    struct Mapping {
      int number;
      int own;
    };

    std::filesystem::path program;
    std::vector<std::string> arguments;  ///< without the program's name
    /// Every other descriptor is closed in the child; 0, 1 and 2, where not given here, are /dev/null.
    std::vector<Mapping> descriptors;
    std::optional<std::vector<std::string>> environment = {};  ///< NAME=VALUE each; none: this process's
  };

  /// Starts the program in a process group of its own, with no signal blocked or ignored, in this process's
  /// folder.
  /// @return not_found, denied, limit...: the program is named. Then there is no child
  static Result<Process> spawn(const Options& options);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  /// Kills what still runs and waits for its end.
  ~Process();

  [[nodiscard]] int pid() const { return pid_; }
  /// Readable once the process has ended. Stays this object's: an event loop that closes takes a dup.
  [[nodiscard]] int pidfd() const { return pidfd_.number(); }

  /// Waits for the end; once it has come, kills what the process left in its group, and answers at once when
  /// asked again.
  /// @param timeout none: for ever
  /// @return nothing: the time has passed
  Result<std::optional<ExitStatus>> wait(std::optional<std::chrono::milliseconds> timeout);

  /// Signals the process and its group; nothing if its end was waited for.
  void kill(int signal);

 private:
  Process(int pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  int pid_ = 0;
  Descriptor pidfd_;
  std::optional<ExitStatus> ended_;
};

}  // namespace aludel::os
