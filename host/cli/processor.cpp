// SPDX-License-Identifier: MIT
#include <cstdio>

#include "base/json_writer.hpp"
#include "base/os/file.hpp"
#include "base/os/lock.hpp"
#include "cli/command_client.hpp"
#include "cli/commands.hpp"
#include "cli/hint.hpp"
#include "cli/table.hpp"
#include "processor/letter_reader.hpp"
#include "processor/state.hpp"
#include "server/client.hpp"

namespace aludel {

namespace {

struct Words {
  Command::Kind kind;
  const char* done;  // "paused ledger"
};

constexpr Words words[] = {
    {Command::Kind::pause, "paused"},
    {Command::Kind::resume, "resumed"},
    {Command::Kind::skip, "skipped in"},
    {Command::Kind::reset, "reset"},
};

std::string done_word(Command::Kind kind) {
  for (const auto& [k, done] : words) {
    if (k == kind) return done;
  }
  return "gave its command to";
}

}  // namespace

Result<int> processor_control_command(const Globals& globals, const std::string& name, Command::Kind kind) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  Command command;
  command.kind = kind;
  const auto result = give_command(*installation, name, command);
  if (!result) return result.error();
  if (result->refused) {
    return Error(ErrorCode::invalid,
                 std::string(to_string(kind)) + " processor \"" + name + "\": " + result->message);
  }
  if (globals.json) {
    std::printf("{\"processor\":%s,\"message\":%s}\n", json_string(name).c_str(),
                json_string(result->message).c_str());
  } else {
    // A resume says something only if there was nothing to resume.
    const bool resumed = kind != Command::Kind::resume || result->message.empty();
    std::printf("%s%s%s%s\n", resumed ? (done_word(kind) + " ").c_str() : "", name.c_str(),
                result->message.empty() ? "" : ": ", result->message.c_str());
  }
  return 0;
}

Result<int> processor_remove_command(const Globals& globals, const std::string& name, bool with_letters) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  for (const auto& processor : installation->config.processors) {
    if (processor.name != name) continue;
    auto why = "remove processor \"" + name + "\": ";
    why.append(installation->config.file.string()).append(" still names it: take [processor.");
    return Error(ErrorCode::invalid, why.append(name).append("] out first"));
  }
  const auto directory = processor_directory(*installation, name);
  if (!directory) return directory.error();
  const auto state = live_state(*installation, name).state;
  if (!state.empty() && state != "unconfigured") {
    return Error(ErrorCode::locked,
                 "remove processor \"" + name +
                     "\": the host that runs has it still: end it, or start it anew, first");
  }
  // While it is held nobody can start the processor.
  const auto lock = os::FileLock::acquire(*directory / "lock");
  if (!lock) return lock.error().within("remove processor \"" + name + "\"");
  if (const auto kept = read_state(*directory); kept && kept->emits_pending > 0) {
    return Error(ErrorCode::invalid, "remove processor \"" + name + "\": it has " +
                                         counted(kept->emits_pending, "emitted event") +
                                         " still to be relayed to the log: configure it again and let a host "
                                         "run it, or give them up by deleting " +
                                         directory->string() + " yourself");
  }
  std::uint64_t open_letters = 0;
  if (auto letters = LetterReader::open(*directory); letters) {
    const auto counted = letters->groups({}, [&](const LetterGroup& group) -> Result<void> {
      open_letters += group.count;
      return {};
    });
    if (!counted) return counted.error();
  }
  if (open_letters > 0 && !with_letters) {
    return Error(ErrorCode::invalid, "remove processor \"" + name + "\": it has " +
                                         counted(open_letters, "open dead letter") + ": export them (`" +
                                         to_type(globals, "dlq export " + name) +
                                         "`), then remove it --with-letters");
  }
  // By the other one it can be told to be removed again.
  for (const auto& folder : {installation->data.host_folder(name), *directory}) {
    if (auto removed = os::remove_tree(folder); !removed) return removed.error();
  }
  std::printf(globals.json ? "{\"processor\":\"%s\"}\n" : "removed %s\n", name.c_str());
  return 0;
}

}  // namespace aludel
