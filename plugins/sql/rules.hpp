// SPDX-License-Identifier: MIT
/// What an operator's config says: docs/howto/handler-without-code.md.
#pragma once

#include <aludel/plugin.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sql_handler {

/// Where the value of a parameter comes from.
struct Source {
  enum class Kind { id, type, source, key, time, data, field, optional_field };
  Kind kind = Kind::field;
  std::string pointer;  ///< of a field: into the event's data
};

/// An SQL statement that events are put through.
struct Statement {
  std::string place;  ///< in the config, for messages: "config.on[0].sql"
  std::string text;
  std::vector<Source> parameters;  ///< in the order of SQLite's numbers
  std::optional<std::int64_t> expect_rows;
};

/// Statements for events of some types.
struct Rule {
  std::vector<aludel::Subscription> types;
  std::vector<Statement> statements;

  [[nodiscard]] bool wants(std::string_view type) const;
};

/// The scripts under `migrations`. The host has held the config against its schema.
/// @throws aludel::fail `bad_config`
[[nodiscard]] std::vector<std::string> read_migrations(const aludel::Config& config);

/// The rules under `on`, in their order.
/// @throws aludel::fail `bad_config`, naming the place in the config and what to do
[[nodiscard]] std::vector<Rule> read_rules(const aludel::Config& config);

}  // namespace sql_handler
