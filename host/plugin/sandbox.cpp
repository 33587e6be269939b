// SPDX-License-Identifier: MIT
#include "plugin/sandbox.hpp"

#include <array>
#include <cstdlib>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <climits>
#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/os/call_guard.hpp"
#include "base/os/landlock.hpp"
#include "base/os/privileges.hpp"
#include "plugin/discovery.hpp"
#include "plugin/sandbox_calls.hpp"

namespace aludel {

namespace {

using Paths = std::vector<std::filesystem::path>;

// What the loader, the C library and a sanitizer read. Of other processes /proc shows no more than to
// anybody: Landlock keeps their memory, environment and descriptors back.
constexpr std::array system_files{
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/proc",
    "/sys/devices/system/cpu",
    "/proc/self/exe",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
};

// To resolve names, and to know whom to trust.
constexpr std::array network_files{
    "/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts",
    "/etc/host.conf",   "/etc/nsswitch.conf",   "/etc/gai.conf",
    "/etc/services",    "/etc/protocols",       "/etc/ssl",
    "/etc/pki",         "/etc/ca-certificates", "/usr/share/ca-certificates",
};

constexpr const char* null_device = "/dev/null";

// It may be linked with others that lie beside it, or where the operator has told the loader to look.
void add_libraries(Paths& readable, const std::filesystem::path& library) {
  std::error_code ignored;
  readable.push_back(library);
  for (std::filesystem::directory_iterator entry(library.parent_path(), ignored), end; entry != end;
       entry.increment(ignored)) {
    if (entry->path().filename().string().find(".so") != std::string::npos) readable.push_back(entry->path());
  }
  const char* folders = std::getenv("LD_LIBRARY_PATH");
  for (auto& folder : split_folders(folders == nullptr ? "" : folders))
    readable.push_back(std::move(folder));
}

os::FileRules file_rules(const Sandbox& sandbox, const SandboxPlaces& places) {
  os::FileRules rules;
  rules.writable = {places.folder, null_device};
  rules.limits_tcp = !sandbox.network;
  rules.limits_reading = sandbox.level == SandboxLevel::strict;
  if (!rules.limits_reading) return rules;
  rules.readable.assign(system_files.begin(), system_files.end());
  if (sandbox.network)
    rules.readable.insert(rules.readable.end(), network_files.begin(), network_files.end());
  rules.readable.push_back(places.host_folder);
  rules.readable.push_back(places.log);
  add_libraries(rules.readable, places.library);
  return rules;
}

// Writes "denied by sandbox = "basic": execve of /bin/true" to the standard error, at once, so that nothing
// comes between. Of each call so often that one that is made in a loop drowns nothing.
class Denials {
 public:
  explicit Denials(SandboxLevel level) : level_(level) {}

  void operator()(const os::CallRule& rule, std::string_view path) {
    const auto number = ++told_[static_cast<std::size_t>(rule.number)];
    if (number > limits::denials_told_max) return;
    const bool by_mode = rule.ruling == os::Ruling::watched;
    char line[PIPE_BUF];
    const auto end = fmt::format_to_n(
        line, sizeof line - 1, "denied by sandbox = \"{}\"{}: {}{}{}{}{}{}", to_string(level_),
        by_mode ? " or the file's mode" : "", rule.name, path.empty() ? "" : " of ",
        path.substr(0, PIPE_BUF / 2), rule.remedy.empty() ? "" : "; ", rule.remedy,
        number == limits::denials_told_max ? "; no more of this call are told" : "");
    *end.out = '\n';
    const auto size = static_cast<std::size_t>(end.out - line) + 1;
    [[maybe_unused]] const auto written = ::syscall(SYS_write, STDERR_FILENO, line, size);
  }

 private:
  const SandboxLevel level_;
  std::array<std::size_t, newest_call + 1> told_{};
};

CallPolicy call_policy(const Sandbox& sandbox, const SandboxSupport& support) {
  return {::getpid(), sandbox.network, support.landlock >= 3};
}

Result<void> enter(const os::FileRules& files, const CallPolicy& calls, const SandboxSupport& support,
                   os::OnRefused on_refused) {
  if (auto given_up = os::give_up_privileges(); !given_up) return given_up;
  if (support.landlock > 0) {
    if (auto restricted = os::restrict_files(files); !restricted) return restricted;
  }
  if (!support.calls) return {};
  const auto restricted = os::restrict_calls(call_rules(calls), newest_call, std::move(on_refused));
  if (!restricted) return restricted.error();
  return {};
}

}  // namespace

std::string_view to_string(SandboxLevel level) {
  switch (level) {
    case SandboxLevel::off: return "off";
    case SandboxLevel::basic: return "basic";
    case SandboxLevel::strict: return "strict";
  }
  return "";
}

SandboxSupport sandbox_support() {
  const auto guard = os::call_guard();
  return {os::landlock_version(), guard != os::CallGuard::none, guard == os::CallGuard::telling};
}

std::vector<std::string> missing_parts(SandboxLevel level, const SandboxSupport& support) {
  std::vector<std::string> missing;
  if (level == SandboxLevel::off) return missing;
  const auto lacks = [&](bool there, const char* what) {
    if (!there) missing.emplace_back(what);
  };
  lacks(support.landlock >= 1, "Landlock: files are not guarded");
  lacks(support.calls, "seccomp: system calls are not guarded");
  lacks(support.landlock == 0 || support.landlock >= 5, "Landlock 5: devices are not guarded from ioctl");
  lacks(support.landlock == 0 || support.landlock >= 6,
        "Landlock 6: abstract sockets are not guarded, if network = true");
  lacks(!support.calls || support.tells, "seccomp of Linux 5.19: what is denied is not logged");
  return missing;
}

Result<void> enter_sandbox(const Sandbox& sandbox, const SandboxPlaces& places) {
  if (sandbox.level == SandboxLevel::off) return {};
  const auto support = sandbox_support();
  if (sandbox.level == SandboxLevel::strict && (support.landlock == 0 || !support.calls)) {
    return Error(ErrorCode::unsupported,
                 "enter sandbox = \"strict\": this kernel lacks " + missing_parts(sandbox.level, support)[0] +
                     "; use another kernel, or \"basic\", which does without",
                 "no_sandbox");
  }
  return enter(file_rules(sandbox, places), call_policy(sandbox, support), support, Denials(sandbox.level));
}

Result<void> enter_inspection_sandbox() {
  const auto support = sandbox_support();
  os::FileRules files;
  files.writable = {null_device};
  return enter(files, {::getpid(), false, support.landlock >= 3}, support, nullptr);
}

std::vector<std::string> child_environment(const std::filesystem::path& folder) {
  constexpr std::array names{"PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE", "GLIBC_TUNABLES"};
  constexpr std::array beginnings{"LC_", "LD_", "MALLOC_", "ALUDEL_"};
  std::vector<std::string> kept;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const auto name = variable.substr(0, variable.find('='));
    bool wanted = name.ends_with("SAN_OPTIONS");
    for (const auto* known : names)
      wanted = wanted || name == known;
    for (const auto* beginning : beginnings)
      wanted = wanted || name.starts_with(beginning);
    if (!wanted && folder.empty()) wanted = name == "TMPDIR";
    if (wanted) kept.emplace_back(variable);
  }
  if (folder.empty()) return kept;
  for (const auto* name : {"TMPDIR", "SQLITE_TMPDIR"})
    kept.push_back(std::string(name) + "=" + folder.string());
  return kept;
}

}  // namespace aludel
