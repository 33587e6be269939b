// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/utf8.hpp"

namespace aludel {

namespace {

// Continuation bytes of UTF-8 take no room.
bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

// Characters, not bytes.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  ALUDEL_ASSERT(cells.size() == columns_.size());
  for (auto& cell : cells)
    cell = on_one_line(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::print() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto widest = width(columns_[i].name);
    for (const auto& row : rows_)
      widest = std::max(widest, width(row[i]));
    widths.push_back(widest);
  }
  std::string out;
  const auto print_row = [&](auto&& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string space(widths[i] - width(cell), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::right ? space + cell : cell + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  print_row([&](std::size_t i) -> const std::string& { return columns_[i].name; });
  for (const auto& row : rows_)
    print_row([&](std::size_t i) -> const std::string& { return row[i]; });
  return out;
}

std::string in_short(std::string_view text, std::size_t width_max) {
  constexpr std::string_view more = "...";
  auto line = on_one_line(text);
  line.erase(std::unique(line.begin(), line.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
             line.end());
  if (width(line) <= width_max) return line;
  std::size_t size = 0;
  for (std::size_t characters = 0; size < line.size(); ++size) {
    if (begins_character(line[size]) && characters++ == width_max - more.size()) break;
  }
  return line.substr(0, size).append(more);
}

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return counted(bytes, "byte");
  constexpr std::array<const char*, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit)
    size /= 1024;
  return fmt::format("{:.1f} {}", size, units[unit]);
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return with_commas(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace aludel
