// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/cloudevents.hpp"
#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "cli/cli.hpp"
#include "cli/command_client.hpp"
#include "cli/commands.hpp"
#include "cli/hint.hpp"
#include "cli/table.hpp"
#include "log/segment_reader.hpp"
#include "processor/letter_reader.hpp"
#include "runtime/installation.hpp"

namespace aludel {

namespace {

using Extent = LetterReader::Extent;

// In a table; JSON has all of it.
constexpr std::size_t message_width_max = 80;

Result<void> print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return os_error("write to the standard output", errno);
}

// The one named, or all that there are.
Result<std::vector<std::string>> processors(const Installation& installation, const std::string& name) {
  if (name.empty()) {
    auto names = installation.data.processor_names();
    if (!names.empty()) return names;
    // In a folder that is no data directory nothing is found either.
    const auto log = SegmentReader::open(os::real_file_system(), installation.data.log());
    if (!log && log.error().code == ErrorCode::not_found) return log.error();
    return names;
  }
  if (const auto directory = processor_directory(installation, name); !directory) return directory.error();
  return std::vector{name};
}

// Calls `read` with the letters of each processor that has a projection. Those that cannot be read are told,
// and the others are read all the same.
// @return the exit status; an error: nothing can be read or printed, or the one named has no projection
Result<int> each_processor(const Globals& globals, const std::string& name,
                           const std::function<Result<void>(const std::string&, LetterReader&)>& read) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto names = processors(*installation, name);
  if (!names) return names.error();
  int status = 0;
  for (const auto& processor : *names) {
    const auto directory = installation->data.processor(processor);
    auto letters = LetterReader::open(directory);
    if (!letters && letters.error().code == ErrorCode::not_found) {
      if (!name.empty()) return never_run(*installation, name);
      continue;
    }
    const auto done = letters ? read(processor, *letters) : Result<void>(letters.error());
    if (done) continue;
    if (std::ferror(stdout) != 0) return done.error();
    print_error(
        advised(done.error().within("read the dead letters of processor \"" + processor + "\""), directory)
            .message);
    status = std::max(status, exit_status(done.error().code));
  }
  return status;
}

// Without the braces: `dlq list` prints just this, `show` and `export` more.
std::string list_fields(const std::string& processor, const Letter& letter) {
  return "\"id\":" + std::to_string(letter.id) + ",\"processor\":" + json_string(processor) +
         ",\"event_id\":" + std::to_string(letter.event_id) + ",\"type\":" + json_string(letter.type) +
         ",\"key\":" + json_string(letter.key) + ",\"code\":" + json_string(letter.code) +
         ",\"message\":" + json_string(letter.message) + ",\"attempts\":" + std::to_string(letter.attempts) +
         ",\"first_failed_at\":\"" + format_time(letter.first_failed_ns) + "\",\"last_failed_at\":\"" +
         format_time(letter.last_failed_ns) +
         "\",\"handler_version\":" + json_string(letter.handler_version) +
         ",\"state\":" + json_string(letter.state) + ",\"replays\":" + std::to_string(letter.replays) +
         ",\"next_replay_at\":" +
         (letter.next_replay_ns ? "\"" + format_time(*letter.next_replay_ns) + "\"" : "null");
}

std::string all_fields(const std::string& processor, const Letter& letter) {
  return list_fields(processor, letter) + ",\"outcome\":" + json_string(letter.outcome) +
         ",\"stage\":" + json_string(letter.stage) +
         ",\"detail\":" + (letter.detail_json.empty() ? "null" : json_string(letter.detail_json)) +
         ",\"reason\":" + (letter.reason.empty() ? "null" : json_string(letter.reason)) +
         ",\"retries\":" + std::to_string(letter.retries);
}

Event event_of(const Letter& letter) {
  Event event;
  event.id = letter.event_id;
  event.time_ns = letter.time_ns;
  event.type = letter.type;
  event.source = letter.source;
  event.key = letter.key;
  event.content_type = letter.content_type;
  event.data = letter.data;
  event.attributes = AttributeList(letter.attributes);
  return event;
}

// Prints items as one JSON array, an item a line.
class JsonArray {
 public:
  Result<void> add(const std::string& item) {
    auto text = (empty_ ? "[" : ",\n ") + item;
    empty_ = false;
    return print(text);
  }
  Result<void> end() { return print(empty_ ? "[]\n" : "]\n"); }

 private:
  bool empty_ = true;
};

Result<int> list_json(const Globals& globals, const DlqOptions& options) {
  JsonArray array;
  auto listed = each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    return letters.each(options.filter, options.limit, Extent::summary, [&](const Letter& letter) {
      return array.add("{" + list_fields(name, letter) + "}");
    });
  });
  if (!listed) return listed;
  if (auto ended = array.end(); !ended) return ended.error();
  return listed;
}

// A table is laid out as a whole, so it has an end.
void tell_more(const std::string& processor) {
  std::fprintf(
      stderr,
      "aludel: %s has more letters than the first %s, which are shown: --limit N or --json shows more\n",
      processor.c_str(), with_commas(limits::letter_table_max).c_str());
}

Result<int> list_table(const Globals& globals, const DlqOptions& options) {
  using Align = Table::Align;
  Table table({{"ID", Align::right},
               {"PROCESSOR"},
               {"EVENT", Align::right},
               {"TYPE"},
               {"KEY"},
               {"CODE"},
               {"MESSAGE"},
               {"ATTEMPTS", Align::right},
               {"LAST FAILED"},
               {"STATE"}});
  auto listed = each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    std::uint64_t shown = 0;
    return letters.each(
        options.filter, options.limit.value_or(limits::letter_table_max + 1), Extent::summary,
        [&](const Letter& letter) -> Result<void> {
          if (!options.limit && shown++ == limits::letter_table_max) {
            tell_more(name);
            return {};
          }
          table.add({std::to_string(letter.id), name, std::to_string(letter.event_id),
                     std::string(letter.type), std::string(letter.key), std::string(letter.code),
                     in_short(letter.message, message_width_max), std::to_string(letter.attempts),
                     format_time(letter.last_failed_ns), std::string(letter.state)});
          return {};
        });
  });
  if (!listed) return listed;
  if (auto printed = print(table.print()); !printed) return printed.error();
  return listed;
}

Result<int> groups_json(const Globals& globals, const DlqOptions& options) {
  JsonArray array;
  auto listed = each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    return letters.groups(options.filter, [&](const LetterGroup& group) {
      return array.add("{\"processor\":" + json_string(name) + ",\"count\":" + std::to_string(group.count) +
                       ",\"handler_version\":" + json_string(group.handler_version) +
                       ",\"code\":" + json_string(group.code) + ",\"message\":" + json_string(group.folded) +
                       ",\"first_failed_at\":\"" + format_time(group.first_failed_ns) +
                       "\",\"last_failed_at\":\"" + format_time(group.last_failed_ns) +
                       "\",\"example\":" + std::to_string(group.example_id) + "}");
    });
  });
  if (!listed) return listed;
  if (auto ended = array.end(); !ended) return ended.error();
  return listed;
}

Result<int> groups_table(const Globals& globals, const DlqOptions& options) {
  using Align = Table::Align;
  Table table({{"COUNT", Align::right},
               {"PROCESSOR"},
               {"VERSION"},
               {"CODE"},
               {"MESSAGE"},
               {"LAST FAILED"},
               {"EXAMPLE", Align::right}});
  auto listed = each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    return letters.groups(options.filter, [&](const LetterGroup& group) -> Result<void> {
      table.add({std::to_string(group.count), name, std::string(group.handler_version),
                 std::string(group.code), in_short(group.folded, message_width_max),
                 format_time(group.last_failed_ns), std::to_string(group.example_id)});
      return {};
    });
  });
  if (!listed) return listed;
  if (auto printed = print(table.print()); !printed) return printed.error();
  return listed;
}

// The letter with its event; a line of JSON, which is as readable as anything that holds a foreign payload.
std::string with_event(const std::string& processor, const Letter& letter, CloudEventWriter& writer) {
  std::string line = "{" + all_fields(processor, letter) + ",\"event\":";
  writer.append(line, event_of(letter));
  return line + "}\n";
}

}  // namespace

Result<int> dlq_list_command(const Globals& globals, const DlqOptions& options) {
  return globals.json ? list_json(globals, options) : list_table(globals, options);
}

Result<int> dlq_groups_command(const Globals& globals, const DlqOptions& options) {
  return globals.json ? groups_json(globals, options) : groups_table(globals, options);
}

Result<int> dlq_show_command(const Globals& globals, const DlqOptions& options) {
  CloudEventWriter writer;
  bool found = false;
  auto filter = options.filter;
  filter.closed = true;
  auto done = each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    return letters.each(filter, std::nullopt, Extent::with_event, [&](const Letter& letter) {
      found = true;
      return print(with_event(name, letter, writer));
    });
  });
  if (found || !done || *done != 0) return done;
  return Error(ErrorCode::not_found, "processor \"" + options.processor + "\" has no dead letter " +
                                         std::to_string(filter.ids.front()) + "; " +
                                         to_type(globals, "dlq list") + " shows those that there are");
}

Result<int> dlq_export_command(const Globals& globals, const DlqOptions& options) {
  CloudEventWriter writer;
  return each_processor(globals, options.processor, [&](const auto& name, LetterReader& letters) {
    return letters.each(options.filter, options.limit, Extent::with_event,
                        [&](const Letter& letter) { return print(with_event(name, letter, writer)); });
  });
}

namespace {

bool is_narrowed(const LetterFilter& filter) {
  return !(filter == LetterFilter{});
}

Result<CommandResult> command_letters(const Globals& globals, const DlqOptions& options, Command::Kind kind) {
  const std::string attempt =
      std::string(to_string(kind)) + " dead letters of \"" + options.processor + "\": ";
  if (!options.all && !is_narrowed(options.filter)) {
    return Error(ErrorCode::invalid,
                 attempt + "say which (--id, --type, --key, --code, --since, --until), or --all");
  }
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  auto result = give_command(*installation, options.processor, {0, kind, options.filter, options.dry_run});
  if (result && result->refused) return Error(ErrorCode::invalid, attempt + result->message);
  return result;
}

void print_result(const Globals& globals, const CommandResult& result, const char* verb) {
  if (globals.json) {
    std::printf("{\"succeeded\":%llu,\"failed\":%llu,\"message\":%s}\n",
                static_cast<unsigned long long>(result.succeeded),
                static_cast<unsigned long long>(result.failed), json_string(result.message).c_str());
    return;
  }
  auto line = std::string(verb) + " " + counted(result.succeeded, "dead letter");
  if (result.failed > 0) line += "; " + with_commas(result.failed) + " failed again";
  if (!result.message.empty()) line += "; " + result.message;
  std::printf("%s\n", line.c_str());
}

}  // namespace

Result<int> dlq_discard_command(const Globals& globals, const DlqOptions& options) {
  const auto result = command_letters(globals, options, Command::Kind::discard);
  if (!result) return result.error();
  print_result(globals, *result, "discarded");
  return 0;
}

Result<int> dlq_replay_command(const Globals& globals, const DlqOptions& options) {
  const auto result = command_letters(globals, options, Command::Kind::replay);
  if (!result) return result.error();
  print_result(globals, *result, options.dry_run ? "would replay" : "replayed");
  return result->failed > 0 ? 1 : 0;
}

}  // namespace aludel
