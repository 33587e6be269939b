// SPDX-License-Identifier: MIT
/// @file sql.hpp
/// SQL on the projection, as `Call::sql` gives it. Every use is one expression:
///
///     call.sql("insert into t values (?, ?)").run(key, amount);
///
/// How many rows changed.
///
///     call.sql("select balance from t where id = ?").value<int64_t>(id);
///
/// The first row's one column, as std::optional.
///
///     call.sql("select a, b from t where id = ?").row<int64_t, std::string>(id);
///
/// The first row, as std::optional of a tuple.
///
///     for (auto [a, b] : call.sql("select a, b from t").rows<int64_t, std::string_view>()) ...
///
/// All rows, one after the other.
///
///     call.sql(text).prepare();
///
/// Nothing yet, but a mistake in a text that an operator wrote is found; also in start().
///
/// What can be bound and read: see value.hpp. All of it throws: SqlError, `retry` if the database was busy,
/// `fatal` if the host's disk or memory failed, `fail` if a column is of another type than was asked for.
#pragma once

#include <aludel/cpp/value.hpp>
#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>

namespace aludel {
inline namespace v1 {
namespace detail {

/// A prepared statement in the cache.
struct Statement {
  const char* address = nullptr;  ///< of the text as it was passed: finds the slot
  std::string text;               ///< its content: decides, since an address may come to hold another text
  aludel_statement* handle = nullptr;
  bool walked = false;  ///< a loop over its rows is under way: it stays as it is
};

/// Prepared statements by the address of their text, so that a literal costs no look-up by content in the
/// host. A miss is never wrong, only slower: the host itself finds statements by their text.
class StatementCache {
 public:
  Statement& find(aludel_call* call, std::string_view sql) {
    const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
    const std::size_t first = static_cast<std::size_t>(address ^ (address >> 7) ^ sql.size());
    for (std::size_t i = 0; i != slots_.size(); ++i) {
      Statement& slot = slots_[(first + i) % slots_.size()];
      if (slot.walked) continue;  // of the same text, perhaps: then the host gives a second statement of it
      if (slot.address != sql.data() || slot.text != sql) fill(call, sql, slot);
      return slot;
    }
    throw fail("limit", "more than " + std::to_string(slots_.size()) + " loops over rows inside each other");
  }

 private:
  static void fill(aludel_call* call, std::string_view sql, Statement& slot) {
    slot.address = nullptr;  // so that a failure leaves no half-filled slot
    check(call, call->host->prepare(call, sql.data(), sql.size(), &slot.handle), "prepare", sql);
    slot.text = sql;
    slot.address = sql.data();
  }

  std::array<Statement, 32> slots_;
};

/// The next row of a query that has begun, or null when there is none.
inline const aludel_value* next_row(aludel_call* call, const Statement& statement, std::uint64_t columns) {
  const aludel_value* row = nullptr;
  std::uint64_t count = 0;
  const std::int32_t result = call->host->next(call, statement.handle, &row, &count);
  check(call, result, "read a row of", statement.text);
  if (result != ALUDEL_ROW) return nullptr;
  if (count == columns) return row;
  throw fail("column_count", "\"" + statement.text + "\" gives " + std::to_string(count) + " columns, " +
                                 std::to_string(columns) + " were asked for");
}

template <typename... Ts, std::size_t... I>
std::tuple<Ts...> read_row(const aludel_value* row, const Statement& statement, std::index_sequence<I...>) {
  return std::tuple<Ts...>{read<Ts>(row[I], Place{statement.text, I})...};
}

}  // namespace detail

/// The rows of a query, walked once, by a range-based for. Views in a row last until the next one is read.
template <typename... Ts>
class Rows {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::tuple<Ts...>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = value_type;

    explicit Iterator(Rows* rows) : rows_(rows) {}
    reference operator*() const { return rows_->current(); }
    Iterator& operator++() {
      if (!rows_->advance()) rows_ = nullptr;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.rows_ == b.rows_; }
    friend bool operator!=(const Iterator& a, const Iterator& b) noexcept { return a.rows_ != b.rows_; }

   private:
    Rows* rows_;
  };

  Rows(aludel_call* call, detail::Statement& begun) : call_(call), statement_(begun) {
    statement_.walked = true;
  }
  ~Rows() { statement_.walked = false; }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  Iterator begin() { return Iterator(advance() ? this : nullptr); }
  Iterator end() noexcept { return Iterator(nullptr); }

 private:
  bool advance() {
    row_ = detail::next_row(call_, statement_, sizeof...(Ts));
    return row_ != nullptr;
  }
  std::tuple<Ts...> current() const {
    return detail::read_row<Ts...>(row_, statement_, std::index_sequence_for<Ts...>{});
  }

  aludel_call* call_;
  detail::Statement& statement_;
  const aludel_value* row_ = nullptr;
};

/// One SQL statement, about to be used. Only within the expression that made it: it cannot be kept.
class Sql {
 public:
  Sql(aludel_call* call, detail::StatementCache& cache, std::string_view text) noexcept
      : call_(call), cache_(cache), text_(text) {}
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  /// Prepares it, so that what is wrong with it is thrown now.
  void prepare() && { (void)cache_.find(call_, text_); }

  /// Runs it to its end. @return rows inserted, updated or deleted
  /// @param args the parameters; or a std::vector<Value> of them, where their number is known at run time
  /// only
  template <typename... Args>
  std::int64_t run(const Args&... args) && {
    if constexpr (std::is_same_v<std::tuple<Args...>, std::tuple<std::vector<Value>>>) {
      return run_list(args...);
    } else {
      const std::array<aludel_value, sizeof...(Args)> values{detail::to_value(args)...};
      return run_with(values.data(), values.size());
    }
  }

  /// All its rows, for a loop.
  template <typename... Ts, typename... Args>
  [[nodiscard]] Rows<Ts...> rows(const Args&... args) && {
    static_assert(sizeof...(Ts) > 0, "name the columns' types: rows<int64_t, std::string>()");
    return Rows<Ts...>(call_, begin(args...));
  }

  /// Its first row; nullopt if it gives none.
  template <typename... Ts, typename... Args>
  [[nodiscard]] std::optional<std::tuple<Ts...>> row(const Args&... args) && {
    static_assert(sizeof...(Ts) > 0, "name the columns' types: row<int64_t, std::string>()");
    static_assert(!(detail::borrows<Ts>::value || ...),
                  "take std::string or std::vector<std::byte>: nothing would own it");
    detail::Statement& statement = begin(args...);
    const aludel_value* const values = detail::next_row(call_, statement, sizeof...(Ts));
    if (values == nullptr) return std::nullopt;
    std::optional<std::tuple<Ts...>> result =
        detail::read_row<Ts...>(values, statement, std::index_sequence_for<Ts...>{});
    detail::next_row(call_, statement,
                     sizeof...(Ts));  // ends one of a single row, an INSERT ... RETURNING for one
    return result;
  }

  /// The only column of its first row; nullopt if it gives none. A NULL is read with std::optional as T.
  template <typename T, typename... Args>
  [[nodiscard]] std::optional<T> value(const Args&... args) && {
    auto first = std::move(*this).template row<T>(args...);
    if (!first) return std::nullopt;
    return std::get<0>(std::move(*first));
  }

 private:
  std::int64_t run_list(const std::vector<Value>& args) {
    std::vector<aludel_value> values;
    values.reserve(args.size());
    for (const Value& value : args)
      values.push_back(value.abi());
    return run_with(values.data(), values.size());
  }

  std::int64_t run_with(const aludel_value* values, std::size_t count) {
    std::int64_t changes = 0;
    detail::Statement& statement = cache_.find(call_, text_);
    detail::check(call_, call_->host->run(call_, statement.handle, values, count, &changes), "run", text_);
    return changes;
  }

  template <typename... Args>
  detail::Statement& begin(const Args&... args) {
    const std::array<aludel_value, sizeof...(Args)> values{detail::to_value(args)...};
    detail::Statement& statement = cache_.find(call_, text_);
    detail::check(call_, call_->host->query(call_, statement.handle, values.data(), values.size()), "query",
                  text_);
    return statement;
  }

  aludel_call* call_;
  detail::StatementCache& cache_;
  std::string_view text_;
};

}  // namespace v1
}  // namespace aludel
