// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/json_writer.hpp"
#include "base/limits.hpp"
#include "base/nearest.hpp"
#include "base/sqlite_query.hpp"
#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/hint.hpp"
#include "cli/table.hpp"
#include "processor/projection.hpp"
#include "runtime/installation.hpp"

namespace aludel {

namespace {

// A real number stays one to whoever reads it: 3.0.
std::string number(double value) {
  auto text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

std::string base64(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

struct ToJson {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  // JSON has no infinity.
  std::string operator()(double value) const { return std::isfinite(value) ? number(value) : "null"; }
  std::string operator()(std::string_view text) const { return json_string(text); }
  std::string operator()(SqlBlob blob) const { return json_string(base64(blob.bytes)); }
};

struct ToText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number(value); }
  std::string operator()(std::string_view text) const { return std::string(text); }
  std::string operator()(SqlBlob blob) const { return base64(blob.bytes); }
};

// RFC 4180, with a line feed alone at the end of a line.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

Result<void> print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return os_error("write to the standard output", errno);
}

// The query may be stuck in one function, or waiting for whoever reads its output.
[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "aludel: %s\n", error.message.c_str());
  ::_exit(exit_status(error.code));
}

Result<void> query_json(const std::filesystem::path& file, const std::string& sql) {
  std::vector<std::string> names;
  const char* separator = "[";
  const QuerySink sink{[&](const auto& columns) -> Result<void> {
                         for (const auto& column : columns)
                           names.push_back(json_string(column) + ":");
                         return {};
                       },
                       [&](const auto& row) {
                         std::string line = separator;
                         separator = ",\n ";
                         for (std::size_t i = 0; i < row.size(); ++i) {
                           line += (i == 0 ? "{" : ",") + names[i] + std::visit(ToJson(), row[i]);
                         }
                         return print(line + "}");
                       }};
  if (auto done = run_query(file, sql, limits::query_time_max, sink, give_up); !done) return done;
  return print(*separator == '[' ? "[]\n" : "]\n");
}

Result<void> query_csv(const std::filesystem::path& file, const std::string& sql) {
  const auto line = [](const auto& items, auto&& text) {
    std::string out;
    for (const auto& item : items)
      out += (&item == &items.front() ? "" : ",") + csv_field(text(item));
    return print(out + "\n");
  };
  const QuerySink sink{
      [&](const auto& columns) { return line(columns, [](const std::string& name) { return name; }); },
      [&](const auto& row) {
        return line(row, [](const SqlValue& value) { return std::visit(ToText(), value); });
      }};
  return run_query(file, sql, limits::query_time_max, sink, give_up);
}

// A table in the making. Its columns are as wide as their widest cell, so a single one may blow it up.
class GrowingTable {
 public:
  void begin(const std::vector<std::string>& columns) {
    std::vector<Table::Column> named;
    named.reserve(columns.size());
    for (const auto& column : columns) {
      named.push_back({column});
      widen(widths_.emplace_back(0), column.size());
    }
    table_ = Table(std::move(named));
  }

  Result<void> add(const std::vector<SqlValue>& row) {
    std::vector<std::string> cells;
    cells.reserve(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(std::visit(ToText(), row[i]));
      widen(widths_[i], cells[i].size());
      const bool is_number =
          std::holds_alternative<std::int64_t>(row[i]) || std::holds_alternative<double>(row[i]);
      if (is_number) table_.align(i, Table::Align::right);
    }
    table_.add(std::move(cells));
    if (++rows_ * line_size_ <= limits::query_table_max) return {};
    return Error(ErrorCode::limit, "query: the table would take over " +
                                       std::to_string(limits::query_table_max / limits::MiB) +
                                       " MiB; print it with --csv or --json, or ask for less");
  }

  [[nodiscard]] std::string print() const { return table_.print(); }

 private:
  void widen(std::size_t& width, std::size_t size) {
    const auto wider = std::max(width, size + sizeof(std::string));
    line_size_ += wider - std::exchange(width, wider);
  }

  Table table_{{}};
  std::vector<std::size_t> widths_;
  std::size_t line_size_ = 0;
  std::size_t rows_ = 1;
};

Result<void> query_table(const std::filesystem::path& file, const std::string& sql) {
  GrowingTable table;
  const QuerySink sink{[&](const auto& columns) -> Result<void> {
                         table.begin(columns);
                         return {};
                       },
                       [&](const auto& row) { return table.add(row); }};
  if (auto done = run_query(file, sql, limits::query_time_max, sink, give_up); !done) return done;
  return print(table.print());
}

// Reading a database in WAL mode may make files beside it; those of another user would lock its owner out.
Result<void> check_owner(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return os_error("look at " + directory.string(), errno);
  if (status.st_uid == ::geteuid()) return {};
  return Error(ErrorCode::denied, directory.string() + " belongs to user " + std::to_string(status.st_uid) +
                                      ": only that user may query it");
}

// Those that a host would run, although none has yet.
void add_planned(const Installation& installation, std::vector<std::string>& names) {
  for (const auto& processor : installation.config.processors)
    names.push_back(processor.name);
  if (!installation.config.processors.empty()) return;
  const auto plugins = find_plugins(installation.config, {});
  const auto plan = plugins ? make_plan(installation.config, *plugins) : plugins.error();
  if (!plan) return;
  for (const auto& processor : plan->processors)
    names.push_back(processor.config.name);
}

Result<std::filesystem::path> find_projection(const Installation& installation, const std::string& name) {
  const auto& data = installation.data;
  auto names = data.processor_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) add_planned(installation, names);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    return Error(ErrorCode::not_found, "there is no processor \"" + name + "\" in " + data.root().string() +
                                           suggestion(name, known));
  }
  const auto directory = data.processor(name);
  std::error_code ignored;
  if (std::filesystem::exists(directory, ignored)) {
    if (auto owner = check_owner(directory); !owner) return owner.error();
  }
  auto projection = projection_link(directory);
  if (std::filesystem::exists(projection, ignored)) return projection;
  return Error(ErrorCode::not_found,
               "processor \"" + name + "\" has never run: there is nothing to query yet");
}

}  // namespace

Result<int> query_command(const Globals& globals, const QueryOptions& options) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  const auto file = find_projection(*installation, options.processor);
  if (!file) return file.error();
  const auto query = globals.json ? query_json : options.csv ? query_csv : query_table;
  if (auto done = query(*file, options.sql); !done) return advised(done.error(), file->parent_path());
  return 0;
}

}  // namespace aludel
