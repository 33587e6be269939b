// SPDX-License-Identifier: MIT
#include "runtime/verification.hpp"

#include <optional>
#include <system_error>
#include <utility>

#include "log/segment_reader.hpp"
#include "processor/projection.hpp"
#include "runtime/projection_check.hpp"

namespace aludel {

namespace {

// Nothing, if a processor has none yet.
std::optional<std::string> why_unseen(const std::filesystem::path& link) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(link, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (error) return "look at " + link.string() + ": " + error.message();
  return link.string() + " leads to a database that is missing or may not be read";
}

void verify_processor(const DataDirectory& data, const std::string& name, EventReader& log,
                      Verification& result) {
  const auto faults = check_projection(data.processor(name), log);
  if (!faults && faults.error().code == ErrorCode::not_found) {
    if (auto why = why_unseen(projection_link(data.processor(name))))
      result.faults.push_back({name, std::move(*why)});
    return;
  }
  if (!faults) {
    result.faults.push_back({name, faults.error().message});
    return;
  }
  if (faults->empty()) ++result.projections;
  for (const auto& fault : *faults)
    result.faults.push_back({name, fault});
}

}  // namespace

std::string describe(const VerifyFault& fault) {
  return fault.file.string() + " at byte " + std::to_string(fault.offset) + ": " + fault.what;
}

std::string describe(const ProcessorFault& fault) {
  return fault.processor.empty() ? fault.what : "processor " + fault.processor + ": " + fault.what;
}

Result<Verification> verify_data(const DataDirectory& data, std::uint64_t durable_floor,
                                 const VerifyProgress& progress) {
  auto log = verify_log(os::real_file_system(), data.log(), durable_floor, progress);
  if (!log) return log.error();
  Verification result{std::move(*log), 0, {}};
  std::error_code error;
  const std::filesystem::directory_iterator folder(data.processors(), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    result.faults.push_back({{}, "list folder " + data.processors().string() + ": " + error.message()});
  }
  const auto names = data.processor_names();
  if (names.empty()) return result;
  const auto reader = SegmentReader::open(os::real_file_system(), data.log());
  if (!reader) {
    result.faults.push_back({{}, "no projection was compared with the log: " + reader.error().message});
    return result;
  }
  for (const auto& name : names)
    verify_processor(data, name, **reader, result);
  return result;
}

}  // namespace aludel
