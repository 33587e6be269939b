// SPDX-License-Identifier: MIT
#include "log/verify.hpp"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "log/segment_reader.hpp"
#include "processor/projection.hpp"
#include "runtime/host.hpp"
#include "runtime/installation.hpp"
#include "runtime/projection_check.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

std::string text_of(const VerifyFault& fault) {
  return fault.file.string() + " at byte " + std::to_string(fault.offset) + ": " + fault.what;
}

// Projections that are whole, and what is wrong with the others.
struct Projections {
  std::uint64_t good = 0;
  std::vector<std::string> faults;
};

// Nothing, if a processor has none yet.
std::optional<std::string> why_unseen(const std::filesystem::path& link) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(link, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (error) return "look at " + link.string() + ": " + error.message();
  return link.string() + " leads to a database that is missing or may not be read";
}

Result<Projections> verify_projections(const DataDirectory& data) {
  Projections projections;
  std::error_code error;
  const std::filesystem::directory_iterator folder(data.processors(), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    projections.faults.push_back("list folder " + data.processors().string() + ": " + error.message());
  }
  const auto names = data.processor_names();
  if (names.empty()) return projections;
  auto reader = SegmentReader::open(os::real_file_system(), data.log());
  if (!reader) {
    projections.faults.push_back("no projection was compared with the log: " + reader.error().message);
    return projections;
  }
  for (const auto& name : names) {
    const auto faults = check_projection(data.processor(name), **reader);
    if (!faults && faults.error().code == ErrorCode::not_found) {
      if (const auto why = why_unseen(projection_link(data.processor(name))))
        projections.faults.push_back(fmt::format("processor {}: {}", name, *why));
      continue;
    }
    if (!faults) {
      projections.faults.push_back(fmt::format("processor {}: {}", name, faults.error().message));
      continue;
    }
    if (faults->empty()) ++projections.good;
    for (const auto& fault : *faults)
      projections.faults.push_back(fmt::format("processor {}: {}", name, fault));
  }
  return projections;
}

json::value value_of(const VerifyReport& report, const Projections& projections) {
  json::array faults;
  for (const auto& fault : report.faults) {
    faults.push_back({{"file", fault.file.string()}, {"offset", fault.offset}, {"message", fault.what}});
  }
  for (const auto& fault : projections.faults)
    faults.push_back(json::object{{"message", fault}});
  return {{"events", report.events},
          {"bytes", report.bytes},
          {"segments", report.segments},
          {"projections", projections.good},
          {"torn_tail", report.torn_tail ? json::value(text_of(*report.torn_tail)) : json::value(nullptr)},
          {"faults", std::move(faults)}};
}

void print(const VerifyReport& report, const Projections& projections) {
  for (const auto& fault : report.faults)
    std::printf("%s\n", text_of(fault).c_str());
  for (const auto& fault : projections.faults)
    std::printf("%s\n", fault.c_str());
  if (report.torn_tail) {
    std::printf("the log's last block is cut short or damaged (%s); the next writer saves it aside\n",
                text_of(*report.torn_tail).c_str());
  }
  std::printf("verified %s, %s in %s, %s: %s\n", counted(report.events, "event").c_str(),
              human_size(report.bytes).c_str(), counted(report.segments, "segment").c_str(),
              counted(projections.good, "projection").c_str(),
              report.faults.empty() && projections.faults.empty()
                  ? "good"
                  : counted(report.faults.size() + projections.faults.size(), "fault").c_str());
}

}  // namespace

Result<int> verify_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  Progress progress("verifying", 1'000);
  const auto report = verify_log(os::real_file_system(), installation->data.log(),
                                 durable_floor(*installation), [&](std::uint64_t done, std::uint64_t total) {
                                   progress.update(total == 0 ? 0 : done * 1'000 / total,
                                                   human_size(done) + " of " + human_size(total));
                                 });
  if (!report) return report.error();
  const auto projections = verify_projections(installation->data);
  if (!projections) return projections.error();
  if (globals.json) {
    std::printf("%s\n", to_json(value_of(*report, *projections)).c_str());
  } else {
    print(*report, *projections);
  }
  return report->faults.empty() && projections->faults.empty() ? 0 : 1;
}

}  // namespace aludel
