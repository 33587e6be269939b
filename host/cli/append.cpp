// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/os/descriptor.hpp"
#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "log/append_check.hpp"
#include "runtime/host.hpp"
#include "runtime/ingest.hpp"
#include "runtime/small_file.hpp"
#include "server/client.hpp"

namespace aludel {

namespace {

/// Where the lines come from, and how many bytes of them there are; 0 if that is not known.
struct Input {
  std::string name;  ///< empty: the command line
  NdjsonReader::Source source;
  NdjsonReader::Supply supply = NdjsonReader::Supply::all_there;
  std::uint64_t size = 0;
  std::shared_ptr<os::Descriptor> awaited = {};  ///< what has to be waited for; null if all is there
};

Input from_text(std::string text) {
  const auto size = text.size();
  return {{},
          [text = std::move(text), at = std::size_t{0}](char* to,
                                                        std::size_t room) mutable -> Result<std::size_t> {
            const auto taken = std::min(room, text.size() - at);
            std::copy_n(text.data() + at, taken, to);
            at += taken;
            return taken;
          },
          NdjsonReader::Supply::all_there,
          size};
}

Result<Input> from_file(const std::string& file) {
  const bool is_stdin = file == "-";
  const int number = is_stdin ? ::dup(STDIN_FILENO) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) return os_error("open " + file, errno);
  // Owned by the source alone, which must be copyable.
  const auto descriptor = std::make_shared<os::Descriptor>(number);
  struct stat status {};
  const bool regular = ::fstat(number, &status) == 0 && S_ISREG(status.st_mode);
  // What gathers in a pipe during a sync becomes one append; 1 MiB is what anybody may ask for. Where it is
  // no pipe or no more is allowed, appends are smaller.
  if (!regular) ::fcntl(number, F_SETPIPE_SZ, static_cast<int>(limits::MiB));
  const auto name = is_stdin ? std::string("the standard input") : file;
  return Input{name,
               [descriptor](char* to, std::size_t room) -> Result<std::size_t> {
                 for (;;) {
                   const auto got = ::read(descriptor->number(), to, room);
                   if (got >= 0) return static_cast<std::size_t>(got);
                   if (errno != EINTR) return os_error("read", errno);
                 }
               },
               regular ? NdjsonReader::Supply::all_there : NdjsonReader::Supply::as_it_comes,
               regular ? static_cast<std::uint64_t>(status.st_size) : 0, regular ? nullptr : descriptor};
}

// @param written behind --data
Error no_json(const Error& error, const std::string& written) {
  constexpr std::size_t shown_max = 60;
  const bool is_file = written.starts_with('@');
  const auto shown = written.substr(0, shown_max) + (written.size() > shown_max ? "..." : "");
  auto told = error.within(is_file ? "--data " + written : "--data \"" + shown + "\"");
  std::error_code ignored;
  if (std::filesystem::is_directory(written, ignored)) {
    told.message += "; the data directory goes before the command: aludel --data " + written + " append ...";
  } else if (std::filesystem::exists(written, ignored)) {
    told.message += "; to send what is in that file write --data @" + written;
  } else if (!is_file) {
    told.message += "; in a shell, put quotes around all of it: --data '{\"amount\":500}'";
  }
  return told;
}

// The event's data on one line, as it is sent.
Result<std::string> data_of(const AppendOptions& options) {
  std::string data = options.data;
  if (!data.empty() && data.front() == '@') {
    auto read = read_file(data.substr(1));
    if (!read) return read.error();
    data = std::move(*read);
  }
  JsonDocument document;
  if (auto parsed = document.parse(data, 0); !parsed) return no_json(parsed.error(), options.data);
  std::replace_if(
      data.begin(), data.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return data;
}

Result<Input> from_options(const AppendOptions& options) {
  const std::pair<const char*, const std::string&> texts[] = {
      {"--type", options.type}, {"--source", options.source}, {"--key", options.key}};
  for (const auto& [option, text] : texts) {
    if (!is_utf8(text)) return Error(ErrorCode::invalid, std::string(option) + " is not UTF-8: encode it");
  }
  std::string line = "{\"specversion\":\"1.0\",\"type\":" + json_string(options.type);
  if (!options.source.empty()) line += ",\"source\":" + json_string(options.source);
  if (!options.key.empty()) line += ",\"subject\":" + json_string(options.key);
  if (!options.data.empty()) {
    const auto data = data_of(options);
    if (!data) return data.error();
    line += ",\"data\":" + *data;
  }
  return from_text(line + "}\n");
}

Result<Input> open_input(const AppendOptions& options) {
  const bool one = !options.type.empty();
  if (one && !options.file.empty()) return Error(ErrorCode::invalid, "give a FILE or --type, not both");
  if (one) return from_options(options);
  if (!options.data.empty()) {
    return Error(ErrorCode::invalid,
                 "--data after append is an event's data and needs --type; the data directory goes before "
                 "the command: "
                 "aludel --data DIR append ...");
  }
  if (!options.key.empty() || !options.source.empty()) {
    return Error(ErrorCode::invalid, "--key and --source are of one event: they need --type");
  }
  if (options.file.empty())
    return Error(ErrorCode::invalid, "give a FILE, - for the standard input, or --type");
  return from_file(options.file);
}

/// The log by way of whoever writes it: a host that runs, or this process. One thread.
class Writer {
 public:
  explicit Writer(const Installation& installation) : installation_(installation) {}

  /// Finds who writes, and takes the log if nobody does.
  Result<void> find();
  /// Lets others have the log until the next append.
  void let_go() { log_.reset(); }

  Result<AppendSummary> append(std::span<const NewEvent> events, std::string_view text,
                               const std::string& producer, std::uint64_t sequence) {
    if (auto found = find(); !found) return found.error();
    if (host_) return host_->append(text, producer, sequence);
    const auto appended = log_->append({events, producer, sequence});
    if (!appended) return appended.error();
    AppendSummary summary;
    summary.add(*appended);
    return summary;
  }

 private:
  const Installation& installation_;
  std::unique_ptr<HostClient> host_;
  std::unique_ptr<SegmentLog> log_;
};

// A host that is just starting holds the log but does not listen yet, and another `append` will be done soon.
Result<void> Writer::find() {
  if (host_ || log_) return {};
  const auto deadline = std::chrono::steady_clock::now() + limits::writer_wait_max;
  for (;;) {
    auto host = HostClient::connect(installation_.data.socket());
    if (host) {
      host_ = std::move(*host);
      return {};
    }
    if (host.error().code != ErrorCode::not_found) return host.error();
    auto log = open_log(installation_,
                        [](const std::string& note) { std::fprintf(stderr, "aludel: %s\n", note.c_str()); });
    if (log) {
      log_ = std::move(*log);
      return {};
    }
    if (log.error().code != ErrorCode::locked || std::chrono::steady_clock::now() >= deadline)
      return log.error();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Whoever sends slowly must not keep others from the log.
NdjsonReader::Source sharing_the_log(const Input& input, Writer& writer) {
  if (!input.awaited) return input.source;
  return [&input, &writer](char* to, std::size_t room) {
    pollfd poll{input.awaited->number(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(limits::input_wait_max.count())) == 0) writer.let_go();
    return input.source(to, room);
  };
}

void print(const AppendSummary& summary, double seconds) {
  std::string text = "appended " + counted(summary.count, "event");
  if (summary.count == 1) text += fmt::format(" ({})", *summary.first);
  if (summary.count > 1) text += fmt::format(" ({}..{})", *summary.first, *summary.last);
  text += fmt::format(" in {:.2f} s", seconds);
  if (summary.duplicates > 0)
    text += "; " + with_commas(summary.duplicates) + (summary.duplicates == 1 ? " was" : " were") +
            " in the log already";
  std::printf("%s\n", text.c_str());
}

}  // namespace

Result<int> append_command(const Globals& globals, const AppendOptions& options) {
  if (const auto checked = check_producer(options.producer); !checked) return checked.error();
  auto input = open_input(options);
  if (!input) return input.error();
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  Writer writer(*installation);
  if (auto found = writer.find(); !found) return found.error();

  Progress progress("appending", input->size);
  std::uint64_t bytes = 0;
  NdjsonReader reader(sharing_the_log(*input, writer), input->supply);
  const auto append = [&](std::span<const NewEvent> events, std::uint64_t sequence) {
    return writer.append(events, reader.text(), options.producer, sequence);
  };
  const auto done = [&](const AppendSummary& summary) {
    bytes += reader.text().size();
    progress.update(bytes, counted(summary.count + summary.duplicates, "event"));
  };
  const auto summary = ingest(reader, 0, system_clock(), append, done);
  progress.wipe();
  if (!summary) return input->name.empty() ? summary.error() : summary.error().within(input->name);
  if (globals.json) {
    std::printf("%s\n", to_json(*summary).c_str());
  } else {
    print(*summary, std::chrono::duration<double>(progress.elapsed()).count());
  }
  return 0;
}

}  // namespace aludel
