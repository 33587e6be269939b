// SPDX-License-Identifier: MIT
#include "runtime/verification.hpp"

#include <system_error>
#include <utility>

#include "base/os/file.hpp"
#include "log/segment_reader.hpp"
#include "processor/command.hpp"
#include "processor/projection.hpp"
#include "runtime/projection_check.hpp"

namespace aludel {

namespace {

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
    const auto found = check_projection(directory_, log, result_.log.producers);
    if (!found && found.error().code == ErrorCode::not_found) return verify_absence(link);
    if (!found) return add(link, found.error());
    if (found->none()) ++result_.projections;
    for (const auto& fault : found->damage)
      add(link, {ErrorCode::corrupt, fault});
    if (found->divergence) add(link, {ErrorCode::conflict, *found->divergence});
  }

  void verify_commands() {
    const auto file = directory_ / "control.db";
    const auto found = CommandQueue::faults(directory_);
    if (!found && found.error().code == ErrorCode::not_found) return;
    if (!found) return add(file, found.error());
    for (const auto& fault : *found)
      add(file, {ErrorCode::corrupt, fault});
  }

 private:
  // Nothing is wrong if the processor has no projection yet.
  void verify_absence(const std::filesystem::path& link) {
    const auto there = os::is_there(link);
    if (!there) return add(link, there.error());
    if (*there) add(link, {ErrorCode::corrupt, "it leads to a database that is missing"});
  }

  void add(const std::filesystem::path& file, const Error& error) {
    result_.faults.push_back({file, name_, error.message, error.code});
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

Result<Verification> verify_data(const DataDirectory& data, std::span<const KnownMark> marks,
                                 const VerifyProgress& progress) {
  auto log = verify_log(os::real_file_system(), data.log(), marks, progress);
  if (!log) return log.error();
  Verification result{std::move(*log), 0, {}};
  const auto add = [&](const std::filesystem::path& folder, const Error& error) {
    result.faults.push_back({folder, {}, error.message, error.code});
  };
  const auto names = data.list_processors();
  if (!names) add(data.processors(), names.error());
  if (!names || names->empty()) return result;
  const auto reader = SegmentReader::open(os::real_file_system(), data.log());
  if (!reader) add(data.log(), reader.error().within("no projection was compared with the log"));
  if (!reader) return result;
  std::uint64_t total = 0;
  for (const auto& name : *names)
    total += size_of(projection_link(data.processor(name)));
  std::uint64_t done = 0;
  for (const auto& name : *names) {
    ProcessorVerifier verifier(data.processor(name), name, result);
    verifier.verify_projection(**reader);
    verifier.verify_commands();
    progress(done += size_of(projection_link(data.processor(name))), total);
  }
  return result;
}

}  // namespace aludel
