// SPDX-License-Identifier: MIT
#include "runtime/data_copy.hpp"

#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/limits.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/file.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"
#include "log/segment_reader.hpp"
#include "log/tip_page.hpp"
#include "processor/projection.hpp"
#include "processor/state.hpp"
#include "runtime/processor_copy.hpp"
#include "runtime/projection_moment.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

// About as many bytes as are to be copied, for showing how far it is.
std::uint64_t size_of(const DataDirectory& data) {
  std::uint64_t bytes = 0;
  const auto add = [&](const std::filesystem::path& file) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(file, failure);
    if (!failure) bytes += size;
  };
  for (const auto& name : data.processor_names())
    add(projection_link(data.processor(name)));
  if (const auto segments = list_segments(os::real_file_system(), data.log())) {
    for (const auto first_id : *segments)
      add(data.log() / segment_name(first_id));
  }
  return bytes;
}

// Whose projections are there, by their processors' names.
Result<std::map<std::string, bool>> projections_in(const DataDirectory& data) {
  const auto names = data.list_processors();
  if (!names) return names.error();
  std::map<std::string, bool> projections;
  for (const auto& name : *names) {
    const auto found = find_projection(data.processor(name));
    if (!found) return found.error();
    projections[name] = found->has_value();
  }
  return projections;
}

// A log may have lost its end, which the tip page still knows of.
Result<void> require_published(const DataDirectory& data, EventReader& log) {
  const auto boot_id = os::boot_id();
  if (!boot_id) return boot_id.error();
  const auto page = TipView::open(data.log() / "tip", log.log_id(), *boot_id);
  if (!page && page.error().code == ErrorCode::not_found) return {};
  if (!page) return page.error();
  const auto published = page->last_published();  // before the tip, which only rises
  const auto tip = log.tip();
  if (!published || *published <= tip) return {};
  return Error(ErrorCode::corrupt, "copy " + data.root().string() + ": the log ends before event " +
                                       std::to_string(tip) + ", but its tip page knows events to below " +
                                       std::to_string(*published) + ": `verify` tells what is wrong");
}

class DataCopier {
 public:
  DataCopier(const DataDirectory& from, const DataDirectory& to, const std::filesystem::path& earlier_log,
             const CopyProgress& progress)
      : from_(from),
        to_(to),
        progress_(progress),
        total_(size_of(from)),
        log_({os::real_file_system(), from.log(), to.log(), earlier_log,
              [this](std::uint64_t bytes) { note(bytes); }}) {}

  Result<void> copy() {
    auto& files = os::real_file_system();
    if (auto made = files.create_directories(to_.log()); !made) return made;
    for (int round = 0; round < limits::copy_rounds_max; ++round) {
      const auto settled = copy_once();
      if (!settled) return settled.error();
      if (*settled) return copy_config();
    }
    return Error(ErrorCode::stopped,
                 "copy " + from_.root().string() +
                     ": its log drops events, or processors are made and removed, faster than they can be "
                     "copied: try again, or let the log keep more");
  }

  [[nodiscard]] DataCopy result(const Verification& found) const {
    return {log_.first(),      found.log.events, found.log.bytes,
            found.projections, log_.stats(),     log_.stats().copied_bytes + database_bytes_};
  }
  [[nodiscard]] const LogCopy& log() const { return log_; }

 private:
  // Whether what was copied belongs together: no processor may need what the log has dropped, and the log may
  // hold nothing that a processor has emitted that is not there.
  Result<bool> copy_once() {
    for (const auto& folder : {to_.processors(), to_.host_folders()}) {
      if (auto removed = os::remove_tree(folder); !removed) return removed.error();
    }
    if (auto taken = log_.take_sealed(); !taken) return taken.error();
    const auto first = log_.first();
    const auto names = from_.list_processors();
    if (!names) return names.error();
    const auto log = SegmentReader::open(os::real_file_system(), from_.log());
    if (!log) return log.error();
    if (auto whole = require_published(from_, **log); !whole) return whole.error();
    const auto moment = ProjectionMoment::take(from_, *names, **log);
    if (!moment) return moment.error().within("copy " + from_.root().string());
    if (auto copied = copy_processors(*names, *moment); !copied) return copied.error();
    if (auto finished = log_.finish(moment->log_end()); !finished) return finished.error();
    // Those that have made their projection since may have emitted what the log has.
    const auto there = projections_in(from_);
    if (!there) return there.error();
    const auto copied = projections_in(to_);
    if (!copied) return copied.error();
    return log_.first() == first && *there == *copied;
  }

  Result<void> copy_processors(const std::vector<std::string>& names, const ProjectionMoment& moment) {
    auto& files = os::real_file_system();
    for (const auto& folder : {to_.processors(), to_.host_folders()}) {
      if (auto made = files.create_directories(folder); !made) return made;
    }
    database_bytes_ = 0;
    for (const auto& name : names) {
      auto copied = copy_processor(moment.projection(name), from_.processor(name), to_.processor(name),
                                   [this](std::uint64_t bytes) {
                                     database_bytes_ += bytes;
                                     note(bytes);
                                   });
      if (copied) copied = copy_host_folder(from_.host_folder(name), to_.host_folder(name));
      if (copied) continue;
      const auto there = os::is_there(from_.processor(name));
      if (!there || *there) return copied.error().within("copy processor " + name);
      // It was removed meanwhile.
    }
    for (const auto& folder : {to_.processors(), to_.host_folders()}) {
      if (auto synced = files.sync_directory(folder); !synced) return synced;
    }
    return {};
  }

  Result<void> copy_config() {
    auto& files = os::real_file_system();
    const auto content = read_file(from_.config());
    if (!content && content.error().code != ErrorCode::not_found) return content.error();
    if (content) {
      if (auto copied = replace_file(to_.config(), *content); !copied) return copied;
    }
    return files.sync_directory(to_.root());
  }

  void note(std::uint64_t bytes) {
    done_ += bytes;
    progress_("copying", done_, total_);
  }

  const DataDirectory& from_;
  const DataDirectory& to_;
  const CopyProgress& progress_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::uint64_t database_bytes_ = 0;
  LogCopy log_;
};

// That a processor is known to have diverged is no fault of the copy.
std::optional<ProcessorFault> first_fault(const Verification& found, const DataDirectory& to) {
  for (const auto& fault : found.faults) {
    if (fault.code != ErrorCode::conflict) return fault;
    const auto state = read_state(to.processor(fault.processor));
    if (!state || state->activity != Activity::diverged) return fault;
  }
  return std::nullopt;
}

// All of it was published, so nothing that is wrong is what a writer left unfinished.
Result<void> require_whole(const Verification& found, std::uint64_t wanted, const std::string& attempt,
                           const DataDirectory& to) {
  std::string why;
  auto code = ErrorCode::corrupt;
  if (!found.log.faults.empty()) {
    why = describe(found.log.faults.front());
    code = found.log.faults.front().code;
  } else if (const auto fault = first_fault(found, to)) {
    why = describe(*fault);
    code = fault->code;
  } else if (found.log.torn_tail) {
    why = describe(*found.log.torn_tail);
  } else if (found.log.events != wanted) {
    why = "it has " + std::to_string(found.log.events) + " events instead of " + std::to_string(wanted);
  }
  if (why.empty()) return {};
  if (code != ErrorCode::corrupt && code != ErrorCode::conflict)
    return Error(code, attempt + ": the copy cannot be verified: " + why);
  return Error(ErrorCode::corrupt, attempt + ": the copy is not good: " + why +
                                       ": `verify` tells whether it is so there too, or in the copy before, "
                                       "with which it may share files");
}

}  // namespace

Result<DataCopy> copy_data(const DataDirectory& from, const DataDirectory& to,
                           const std::filesystem::path& earlier_log, const CopyProgress& progress) {
  DataCopier copier(from, to, earlier_log, progress);
  if (auto copied = copier.copy(); !copied) return copied.error();
  const auto found = verify_data(
      to, {}, [&](std::uint64_t done, std::uint64_t total) { progress("verifying", done, total); });
  if (!found) return found.error();
  const auto wanted = copier.log().stats().tip - copier.log().first();
  if (auto whole = require_whole(*found, wanted, "copy " + from.root().string(), to); !whole)
    return whole.error();
  return copier.result(*found);
}

Result<DataCopy> look_at_copy(const DataDirectory& copy, const CopyProgress& progress) {
  const auto first = read_first(os::real_file_system(), copy.log());
  if (!first) return first.error();
  const auto found = verify_data(
      copy, {}, [&](std::uint64_t done, std::uint64_t total) { progress("verifying", done, total); });
  if (!found) return found.error();
  if (auto whole = require_whole(*found, found->log.events, "look at " + copy.root().string(), copy); !whole)
    return whole.error();
  DataCopy content;
  content.first = *first;
  content.events = found->log.events;
  content.bytes = found->log.bytes;
  content.projections = found->projections;
  return content;
}

}  // namespace aludel
