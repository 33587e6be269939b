// SPDX-License-Identifier: MIT
#include <cstdio>
#include <string>

#include <boost/json.hpp>

#include "base/json_writer.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "runtime/installation.hpp"
#include "runtime/processor_marks.hpp"
#include "runtime/verification.hpp"

namespace aludel {

namespace json = boost::json;

namespace {

json::value value_of(const Verification& found) {
  json::array faults;
  for (const auto& fault : found.log.faults) {
    faults.push_back({{"file", fault.file.string()}, {"offset", fault.offset}, {"message", fault.what}});
  }
  for (const auto& fault : found.faults)
    faults.push_back(
        {{"file", fault.file.string()}, {"processor", fault.processor}, {"message", fault.what}});
  const auto& torn = found.log.torn_tail;
  return {{"events", found.log.events},
          {"bytes", found.log.bytes},
          {"segments", found.log.segments},
          {"projections", found.projections},
          {"torn_tail", torn ? json::value(describe(*torn)) : json::value(nullptr)},
          {"faults", std::move(faults)}};
}

void print(const Verification& found) {
  for (const auto& fault : found.log.faults)
    std::printf("%s\n", describe(fault).c_str());
  for (const auto& fault : found.faults)
    std::printf("%s\n", describe(fault).c_str());
  if (found.log.torn_tail) {
    std::printf("the log's last block is cut short or damaged (%s); the next writer saves it aside\n",
                describe(*found.log.torn_tail).c_str());
  }
  std::printf("verified %s, %s in %s, %s: %s\n", counted(found.log.events, "event").c_str(),
              human_size(found.log.bytes).c_str(), counted(found.log.segments, "segment").c_str(),
              counted(found.projections, "projection").c_str(),
              found.good() ? "good" : counted(found.fault_count(), "fault").c_str());
}

}  // namespace

Result<int> verify_command(const Globals& globals) {
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  Progress progress("verifying", 1'000);
  // What cannot be read of them is a fault that is found by itself.
  const auto known = processor_marks(installation->data, installation->config.sync_full);
  const auto found = verify_data(installation->data, known.marks, progress_of_bytes(progress));
  progress.wipe();
  if (!found) return found.error();
  if (globals.json) {
    std::printf("%s\n", to_json(value_of(*found)).c_str());
  } else {
    print(*found);
  }
  return found->good() ? 0 : 1;
}

}  // namespace aludel
