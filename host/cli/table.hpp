// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aludel {

/// Rows in columns, for people: aligned with spaces, the same on a terminal and in a pipe.
class Table {
 public:
  enum class Align { left, right };

  struct Column {
    std::string name;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns. Line breaks and other control characters show as spaces.
  void add(std::vector<std::string> cells);
  void align(std::size_t column, Align align) { columns_[column].align = align; }
  [[nodiscard]] std::string print() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// The text in no more than `width_max` characters, "..." among them, with one blank for each run of them.
[[nodiscard]] std::string in_short(std::string_view text, std::size_t width_max);
/// "28,205"
[[nodiscard]] std::string with_commas(std::uint64_t number);
/// "512 bytes", "3.9 MiB"
[[nodiscard]] std::string human_size(std::uint64_t bytes);
/// "1 event", "28,205 events"
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace aludel
