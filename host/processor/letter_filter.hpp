// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/sqlite.hpp"

namespace aludel {

/// Which dead letters of a processor are meant. A member that says nothing does not narrow.
struct LetterFilter {
  std::vector<std::int64_t> ids;  ///< any of these
  std::string type;               ///< exact, or with a '*' at its end: a prefix
  std::optional<std::string> key;
  std::string code;
  std::optional<std::int64_t> since_ns;  ///< failed last at or after
  std::optional<std::int64_t> until_ns;  ///< failed last before
  bool closed = false;                   ///< those that were replayed or discarded as well

  friend bool operator==(const LetterFilter&, const LetterFilter&) = default;
};

/// A filter as SQL.
class LetterCondition {
 public:
  explicit LetterCondition(const LetterFilter& filter);

  /// To stand behind `where`; with one `?` for each value.
  [[nodiscard]] const std::string& sql() const { return sql_; }
  /// Binds the values from parameter `first` on. They are borrowed: this outlives the statement's use.
  void bind(Statement& statement, int first = 1) const;

 private:
  void add(const std::string& condition, std::variant<std::int64_t, std::string> value);

  std::string sql_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

}  // namespace aludel
