// SPDX-License-Identifier: MIT
#include "runtime/ingest.hpp"

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "runtime/json_reading.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::value or_null(const std::optional<std::uint64_t>& id) {
  return id ? json::value(*id) : json::value(nullptr);
}

std::optional<std::uint64_t> id_at(const json::object& object, std::string_view key) {
  if (object.at(key).is_null()) return std::nullopt;
  return number_at(object, key);
}

// What stays although the whole was not done.
Error with_acknowledged(const Error& error, const AppendSummary& summary) {
  const auto acknowledged = summary.count + summary.duplicates;
  auto told = error;
  if (acknowledged == 0) {
    told.message += "; nothing was appended";
  } else if (acknowledged == 1) {
    told.message += "; the event before is in the log";
  } else {
    told.message += "; the " + std::to_string(acknowledged) + " events before are in the log";
  }
  return told;
}

}  // namespace

void AppendSummary::add(const AppendResult& result) {
  AppendSummary next;
  next.count = result.count;
  next.duplicates = result.duplicates;
  if (result.count > 0) {
    next.first = result.first;
    next.last = result.first + result.count - 1;
  }
  add(next);
}

void AppendSummary::add(const AppendSummary& next) {
  if (!first) first = next.first;
  if (next.last) last = next.last;
  count += next.count;
  duplicates += next.duplicates;
}

std::string to_json(const AppendSummary& summary) {
  return to_json(json::value{{"first", or_null(summary.first)},
                             {"last", or_null(summary.last)},
                             {"count", summary.count},
                             {"duplicates", summary.duplicates}});
}

Result<AppendSummary> parse_summary(std::string_view text) {
  return read_json<AppendSummary>(text, "the host's answer to an append", [](const json::object& o) {
    return AppendSummary{id_at(o, "first"), id_at(o, "last"), number_at(o, "count"),
                         number_at(o, "duplicates")};
  });
}

Result<AppendSummary> ingest(NdjsonReader& reader, std::uint64_t sequence, const Clock& clock,
                             const AppendBatch& append,
                             const std::function<void(const AppendSummary&)>& done) {
  AppendSummary summary;
  for (;;) {
    const auto events = reader.next(clock.wall_ns());
    if (!events) return with_acknowledged(events.error(), summary);
    if (events->empty()) return summary;
    const auto appended = append(*events, sequence);
    if (!appended) {
      if (summary.count + summary.duplicates == 0) return appended.error();
      return with_acknowledged(appended.error().within("line " + std::to_string(reader.first_line())),
                               summary);
    }
    summary.add(*appended);
    sequence += events->size();
    if (done) done(summary);
  }
}

}  // namespace aludel
