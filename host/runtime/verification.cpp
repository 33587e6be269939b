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

// What is wrong with one processor's files.
class ProcessorVerifier {
 public:
  ProcessorVerifier(std::filesystem::path directory, const std::string& name, Verification& result)
      : directory_(std::move(directory)), name_(name), result_(result) {}

  void verify_projection(EventReader& log) {
    const auto link = projection_link(directory_);
    const auto found = check_projection(directory_, log);
    if (!found && found.error().code == ErrorCode::not_found) {
      if (const auto why = why_unseen(link)) add(link, *why);
      return;
    }
    if (!found) return add(link, found.error().message);
    if (found->none()) ++result_.projections;
    for (const auto& fault : found->damage)
      add(link, fault);
    if (found->divergence) add(link, *found->divergence, true);
  }

  void verify_commands() {
    const auto file = directory_ / "control.db";
    const auto found = CommandQueue::faults(directory_);
    if (!found && found.error().code == ErrorCode::not_found) return;
    if (!found) return add(file, found.error().message);
    for (const auto& fault : *found)
      add(file, fault);
  }

 private:
  void add(const std::filesystem::path& file, const std::string& what, bool diverged = false) {
    result_.faults.push_back({file, name_, what, diverged});
  }

  const std::filesystem::path directory_;
  const std::string& name_;
  Verification& result_;
};

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
    ProcessorVerifier verifier(data.processor(name), name, result);
    verifier.verify_projection(**reader);
    verifier.verify_commands();
    progress(done += size_of(projection_link(data.processor(name))), total);
  }
  return result;
}

}  // namespace aludel
