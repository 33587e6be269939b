// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "processor/letter_filter.hpp"

namespace aludel {

/// A dead letter as it is stored. Borrows from the row that it was read from.
struct Letter {
  std::int64_t id = 0;
  std::uint64_t event_id = 0;
  std::int64_t time_ns = 0;
  std::string_view type;
  std::string_view source;
  std::string_view key;
  std::string_view content_type;
  std::string_view handler_version;
  std::string_view outcome;
  std::string_view stage;
  std::string_view code;
  std::string_view message;
  std::string_view detail_json;
  std::uint64_t attempts = 0;
  std::int64_t first_failed_ns = 0;
  std::int64_t last_failed_ns = 0;
  std::string_view state;
  std::string_view reason;    ///< why it was discarded
  std::uint64_t replays = 0;  ///< that failed
  std::uint64_t retries = 0;  ///< automatic ones among them
  std::optional<std::int64_t> next_replay_ns;
  std::string_view attributes;  ///< packed, as `AttributeList` has them; empty without the event
  std::string_view data;        ///< empty without the event
};

/// Letters of one kind: handler version, code, and the message with its numbers folded.
struct LetterGroup {
  std::uint64_t count = 0;
  std::string_view handler_version;
  std::string_view code;
  std::string_view folded;
  std::int64_t first_failed_ns = 0;
  std::int64_t last_failed_ns = 0;
  std::int64_t example_id = 0;  ///< the oldest of them
};

/// Reads a processor's dead letters, whether anything runs or not, and changes nothing.
class LetterReader {
 public:
  /// @param directory the processor's
  /// @return not_found: it has no projection yet; unsupported; corrupt, also if the database is missing; io
  static Result<LetterReader> open(const std::filesystem::path& directory);

  /// How much of each letter is read.
  enum class Extent {
    summary,     ///< all but what the event holds
    with_event,  ///< up to limits::event_data_max more
  };

  /// In the order of their ids, one after the other: no more than one is in memory.
  Result<void> each(const LetterFilter& filter, std::optional<std::uint64_t> limit, Extent extent,
                    const std::function<Result<void>(const Letter&)>& sink);
  /// The largest group first.
  Result<void> groups(const LetterFilter& filter,
                      const std::function<Result<void>(const LetterGroup&)>& sink);

 private:
  LetterReader(std::unique_ptr<Database> database, bool has_letters)
      : database_(std::move(database)), has_letters_(has_letters) {}

  std::unique_ptr<Database> database_;
  bool has_letters_;  ///< false: of a format that knew none
};

}  // namespace aludel
