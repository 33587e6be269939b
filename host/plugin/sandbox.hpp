// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// What the code of a plugin may do in its process (docs/decisions/0039-sandbox.md). Linux only: Landlock for
/// files, seccomp for calls. The tables are in docs/operating.md, "What a child may do".
namespace aludel {

enum class SandboxLevel {
  off,     ///< whatever the host's user may
  basic,   ///< it changes nothing outside of its folder, and reaches nobody
  strict,  ///< and it reads no more than it needs
};

[[nodiscard]] std::string_view to_string(SandboxLevel level);

struct Sandbox {
  SandboxLevel level = SandboxLevel::basic;
  bool network = false;  ///< TCP and UDP

  bool operator==(const Sandbox&) const = default;
};

/// Where a processor's process works.
struct SandboxPlaces {
  std::filesystem::path folder;       ///< the processor's own
  std::filesystem::path host_folder;  ///< what the host keeps of it
  std::filesystem::path log;
  std::filesystem::path library;
};

/// What the kernel has of it.
struct SandboxSupport {
  int landlock = 0;  ///< its version, 0: none
  bool calls = false;
  bool tells = false;  ///< of refused calls
};
[[nodiscard]] SandboxSupport sandbox_support();

/// Which parts of a level the kernel lacks, in words: "Landlock (files can be changed)". Empty: none.
[[nodiscard]] std::vector<std::string> missing_parts(SandboxLevel level, const SandboxSupport& support);

/// Confines this process, for good: before it loads a plugin and has other threads. `basic` does without
/// what the kernel lacks. From here on each refusal is a line on the standard error.
/// @return unsupported: the kernel lacks what `strict` rests on
[[nodiscard]] Result<void> enter_sandbox(const Sandbox& sandbox, const SandboxPlaces& places);

/// The same for a process that only looks at what a plugin holds: it may read, to load it, and nothing else.
[[nodiscard]] Result<void> enter_inspection_sandbox();

/// What a child gets of this process's environment, as NAME=VALUE: where programs and libraries are, how the
/// loader and the sanitizers are set, language and time zone, and ALUDEL_*.
/// @param folder where its temporary files go; empty: as here
[[nodiscard]] std::vector<std::string> child_environment(const std::filesystem::path& folder);

}  // namespace aludel
