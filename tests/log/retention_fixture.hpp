// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "log/segment.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

inline std::vector<std::uint64_t> segments_of(const std::filesystem::path& dir) {
  return list_segments(os::real_file_system(), dir).value();
}

inline std::string text_of(std::uint64_t id) {
  return "event " + std::to_string(id);
}

/// A closed log of many segments, with two types and a producer.
inline void fill(const std::filesystem::path& dir, int count = 60) {
  FaultFileSystem files;
  const auto log = open_log(small_options(dir, files));
  for (int i = 0; i < count; ++i) {
    const auto event = event_with("event " + std::to_string(i), i % 2 == 0 ? "even" : "odd");
    REQUIRE(append(*log, {event}, "producer", static_cast<std::uint64_t>(i)));
  }
}

}  // namespace aludel
