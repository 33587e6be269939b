// SPDX-License-Identifier: MIT
#include "runtime/verification.hpp"

#include <optional>
#include <system_error>
#include <utility>

#include "log/segment_reader.hpp"
#include "processor/command.hpp"
#include "processor/projection.hpp"
#include "runtime/projection_check.hpp"

namespace aludel {

namespace {

// Nothing, if a processor has none yet.
std::optional<std::string> why_unseen(const std::filesystem::path& link) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(link, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (error) return "look at it: " + error.message();
  return "it leads to a database that is missing or may not be read";
}

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(file, failure);
  return failure ? 0 : size;
}

// Where something was looked at, and what came of it.
struct Finding {
  const std::filesystem::path& file;
  const std::string& processor;
  const Result<std::vector<std::string>>& faults;
};

// Whether all of it is good.
bool take(const Finding& finding, Verification& result) {
  const auto add = [&](const std::string& what) {
    result.faults.push_back({finding.file, finding.processor, what});
  };
  if (!finding.faults) {
    add(finding.faults.error().message);
    return false;
  }
  for (const auto& fault : *finding.faults)
    add(fault);
  return finding.faults->empty();
}

void verify_processor(const DataDirectory& data, const std::string& name, EventReader& log,
                      Verification& result) {
  const auto directory = data.processor(name);
  const auto link = projection_link(directory);
  const auto projection = check_projection(directory, log);
  if (projection || projection.error().code != ErrorCode::not_found) {
    if (take({link, name, projection}, result)) ++result.projections;
  } else if (auto why = why_unseen(link)) {
    result.faults.push_back({link, name, std::move(*why)});
    return;
  }
  const auto commands = CommandQueue::faults(directory);
  if (commands || commands.error().code != ErrorCode::not_found)
    take({directory / "control.db", name, commands}, result);
}

}  // namespace

std::string describe(const VerifyFault& fault) {
  return fault.file.string() + " at byte " + std::to_string(fault.offset) + ": " + fault.what;
}

std::string describe(const ProcessorFault& fault) {
  const auto whose = fault.processor.empty() ? "" : "processor " + fault.processor + ": ";
  return fault.file.string() + ": " + whose + fault.what;
}

Result<Verification> verify_data(const DataDirectory& data, std::uint64_t durable_floor,
                                 const VerifyProgress& progress) {
  auto log = verify_log(os::real_file_system(), data.log(), durable_floor, progress);
  if (!log) return log.error();
  Verification result{std::move(*log), 0, {}};
  std::error_code error;
  const std::filesystem::directory_iterator folder(data.processors(), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    result.faults.push_back({data.processors(), {}, "list the folder: " + error.message()});
  }
  const auto names = data.processor_names();
  if (names.empty()) return result;
  const auto reader = SegmentReader::open(os::real_file_system(), data.log());
  if (!reader) {
    result.faults.push_back(
        {data.log(), {}, "no projection was compared with the log: " + reader.error().message});
    return result;
  }
  std::uint64_t total = 0;
  for (const auto& name : names)
    total += size_of(projection_link(data.processor(name)));
  std::uint64_t done = 0;
  for (const auto& name : names) {
    verify_processor(data, name, **reader, result);
    progress(done += size_of(projection_link(data.processor(name))), total);
  }
  return result;
}

}  // namespace aludel
