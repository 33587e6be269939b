// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/byte_size.hpp"
#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/nearest.hpp"

namespace aludel {

/// Reads values out of a TOML document and remembers the first thing that is wrong with it. Only for
/// config*.cpp: toml++ is heavy.
class ConfigReader {
 public:
  explicit ConfigReader(std::filesystem::path file) : file_(std::move(file)) {}

  void fail(const toml::source_region& where, const std::string& what) {
    if (error_) return;
    error_.emplace(ErrorCode::invalid, file_.string() + ":" + std::to_string(where.begin.line) + ": " + what);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // Names the first key of the table that is none of `known`.
  void check_keys(const toml::table& table, std::string_view name,
                  std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      fail(key.source(), "unknown key \"" + std::string(key.str()) + "\" in " + std::string(name) +
                             suggestion(key.str(), {known.begin(), known.size()}));
    }
  }

  // The value under `key` if it is there; if it has another type, that is an error.
  template <typename T>
  std::optional<T> get(const toml::table& table, std::string_view key, std::string_view expected) {
    const auto* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    auto value = node->value_exact<T>();
    if (!value) fail(node->source(), std::string(key) + " must be " + std::string(expected));
    return value;
  }

  const toml::table* table(const toml::table& parent, std::string_view key) {
    const auto* node = parent.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table())
      fail(node->source(), std::string(key) + " must be a table: " + std::string(key) + " = { ... }");
    return node->as_table();
  }

  // One of some words, by its position among them.
  std::optional<std::size_t> word(const toml::table& table, std::string_view key,
                                  std::initializer_list<std::string_view> words) {
    std::string list;
    for (const auto word : words)
      list += (list.empty() ? "\"" : " or \"") + std::string(word) + "\"";
    const auto value = get<std::string>(table, key, list);
    if (!value) return std::nullopt;
    const auto found = std::find(words.begin(), words.end(), *value);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    fail(table.get(key)->source(), std::string(key) + " must be " + list + ", not \"" + *value + "\"" +
                                       suggestion(*value, {words.begin(), words.size()}));
    return std::nullopt;
  }

  // A duration over 0.
  std::optional<std::chrono::milliseconds> duration(const toml::table& table, std::string_view key,
                                                    const std::string& where) {
    const auto text = get<std::string>(table, key, "a duration such as \"60s\"");
    if (!text) return std::nullopt;
    const auto& source = table.get(key)->source();
    const auto value = parse_duration(*text);
    if (!value) {
      fail(source, std::string(key) + ": " + value.error().message);
    } else if (value->count() == 0) {
      fail(source, std::string(key) + " of " + where + " must be over 0");
    } else {
      return *value;
    }
    return std::nullopt;
  }

  // A number of bytes in a range.
  std::optional<std::uint64_t> size(const toml::table& table, std::string_view key, const std::string& where,
                                    std::uint64_t least, std::uint64_t most) {
    const auto text = get<std::string>(table, key, "a size such as \"64MiB\"");
    if (!text) return std::nullopt;
    const auto& source = table.get(key)->source();
    const auto value = parse_byte_size(*text);
    if (!value) {
      fail(source, std::string(key) + ": " + value.error().message);
    } else if (*value < least || *value > most) {
      fail(source, std::string(key) + " of " + where + " must be " + format_byte_size(least) + " to " +
                       format_byte_size(most));
    } else {
      return *value;
    }
    return std::nullopt;
  }

  // A whole number in a range.
  std::optional<std::uint64_t> number(const toml::table& table, std::string_view key,
                                      const std::string& where, std::uint64_t least, std::uint64_t most) {
    const auto value = get<std::int64_t>(table, key, "a whole number");
    if (!value) return std::nullopt;
    if (*value >= 0 && static_cast<std::uint64_t>(*value) >= least &&
        static_cast<std::uint64_t>(*value) <= most)
      return static_cast<std::uint64_t>(*value);
    fail(table.get(key)->source(), std::string(key) + " of " + where + " must be " + std::to_string(least) +
                                       " to " + std::to_string(most));
    return std::nullopt;
  }

  // A number in a range, whole or not.
  std::optional<double> real(const toml::table& table, std::string_view key, const std::string& where,
                             double least, double most) {
    const auto* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->is_integer() ? node->value<double>() : node->value_exact<double>();
    if (value && *value >= least && *value <= most) return value;
    fail(node->source(), fmt::format("{} of {} must be a number from {} to {}", key, where, least, most));
    return std::nullopt;
  }

  std::vector<std::string> strings(const toml::table& table, std::string_view key) {
    std::vector<std::string> result;
    const auto* node = table.get(key);
    if (node == nullptr) return result;
    const auto* array = node->as_array();
    if (array == nullptr) {
      fail(node->source(), std::string(key) + " must be an array of strings");
      return result;
    }
    for (const auto& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (value && !value->empty()) {
        result.push_back(*value);
      } else {
        fail(element.source(), std::string(key) + " must hold strings that are not empty");
      }
    }
    return result;
  }

 private:
  std::filesystem::path file_;
  std::optional<Error> error_;
};

}  // namespace aludel
