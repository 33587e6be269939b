// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "log/segment.hpp"
#include "log/segment_log.hpp"
#include "processor/projection.hpp"
#include "runtime/data_directory.hpp"
#include "runtime/relay_gate.hpp"
#include "support/fake_clock.hpp"
#include "support/fault_file_system.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

/// A data directory whose log is open and has small segments, with processors that no handler runs.
class SmallLogRig {
 public:
  SmallLogRig() {
    auto opened = SegmentLog::open(
        {.dir = data.log(), .files = files, .clock = clock, .segment_size = 8'192, .allocate_ahead = false});
    REQUIRE(opened);
    log = std::move(*opened);
  }

  void append() {
    const std::string bytes(500, 'x');
    NewEvent event;
    event.type = "test";
    event.source = "/";
    event.content_type = "text/plain";
    event.data = bytes;
    REQUIRE(log->append({{&event, 1}}));
  }
  /// Appends until there are so many segments more.
  void fill(std::size_t segments_more) {
    const auto wanted = segments().size() + segments_more;
    while (segments().size() < wanted)
      append();
  }
  [[nodiscard]] std::vector<std::uint64_t> segments() const {
    return list_segments(os::real_file_system(), data.log()).value();
  }
  void drop_all_but(std::size_t segments_kept) {
    const auto ids = segments();
    REQUIRE(log->drop_below(ids[ids.size() - segments_kept]));
  }
  [[nodiscard]] std::uint64_t first() const { return log->first().value(); }

  /// A processor that is done with the events below `next`, be it a new one.
  void processor(const std::string& name, std::uint64_t next) {
    const auto directory = data.processor(name);
    std::filesystem::create_directories(directory);
    auto projection = Projection::open(directory);
    REQUIRE(projection);
    if (!(*projection)->initialised())
      REQUIRE((*projection)->initialise({"org.example.x", "1", 0, log->log_id(), Uuid::random()}, {}));
    REQUIRE((*projection)->begin());
    auto cursor = (*projection)->tables().cursor().value();
    const auto from = cursor.position;
    cursor.position = {next, log->block_fingerprint(next - 1).value()};
    REQUIRE((*projection)->tables().move_cursor(from, cursor));
    REQUIRE((*projection)->commit());
  }

  /// A processor emits an event, and it is relayed.
  void emit(const std::string& name) {
    auto projection = Projection::open(data.processor(name));
    REQUIRE(projection);
    REQUIRE((*projection)->begin());
    REQUIRE((*projection)->outbox().add({.type = "echo", .key = "", .content_type = "", .data = ""}));
    REQUIRE((*projection)->commit());
    const auto chunk = (*projection)->outbox().first();
    REQUIRE(chunk);
    const auto producer = emitting_producer(name, (*projection)->tables().identity()->producer_id);
    const auto events = chunk->events("/");
    REQUIRE(log->append({events, producer, chunk->sequence()}));
    REQUIRE((*projection)->begin());
    REQUIRE((*projection)->outbox().remove_below(chunk->end()));
    REQUIRE((*projection)->commit());
  }

  TempDir temp;
  FaultFileSystem files;
  FakeClock clock;
  const DataDirectory data{temp.path() / "data"};
  std::unique_ptr<SegmentLog> log;
};

}  // namespace aludel
