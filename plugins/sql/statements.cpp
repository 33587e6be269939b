// SPDX-License-Identifier: MIT
#include "statements.hpp"

#include <algorithm>

namespace sql_handler {

namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What a name may consist of, to SQLite: `$` and every byte above ASCII too.
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// How many bytes from the start on up to and with `end`; all if it is not there.
std::size_t size_through(std::string_view text, std::string_view end, std::size_t from) {
  const auto found = text.find(end, from);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

template <typename Predicate>
std::size_t size_while(std::string_view text, std::size_t from, Predicate predicate) {
  while (from < text.size() && predicate(text[from]))
    ++from;
  return from;
}

// ":name"; to SQLite also ":name::more" and ":name(anything but blanks)", as Tcl writes variables. A lone
// mark is a token of one byte.
std::size_t variable_size(std::string_view text) {
  std::size_t size = 1;
  for (;;) {
    const std::size_t end = size_while(text, size, is_name);
    if (text.substr(end, 2) != "::") {
      size = end;
      break;
    }
    size = end + 2;
  }
  if (size == 1 || text.substr(size, 1) != "(") return size;
  const std::size_t end = size_while(text, size, [](char c) { return c != ')' && !is_blank(c); });
  return text.substr(end, 1) == ")" ? end + 1 : end;
}

bool is_comment(std::string_view text) {
  return text.substr(0, 2) == "--" || text.substr(0, 2) == "/*";
}

// Of the token that the text begins with; it is not empty. A doubled quote within a string makes two tokens
// of it, which is as good here.
std::size_t token_size(std::string_view text) {
  switch (text.front()) {
    case '\'':
    case '"':
    case '`': return size_through(text, text.substr(0, 1), 1);
    case '[': return size_through(text, "]", 1);
    case '-': return is_comment(text) ? size_through(text, "\n", 2) : 1;
    case '/': return is_comment(text) ? size_through(text, "*/", 2) : 1;
    case '?': return size_while(text, 1, is_digit);
    case ':':
    case '@':
    case '$': return variable_size(text);
    default: return std::max<std::size_t>(1, size_while(text, 0, is_name));
  }
}

bool is_parameter(std::string_view token) {
  const char mark = token.front();
  return mark == '?' || ((mark == ':' || mark == '@' || mark == '$') && token.size() > 1);
}

void add_parameter(std::string_view token, std::vector<std::string_view>& parameters) {
  const bool known = std::find(parameters.begin(), parameters.end(), token) != parameters.end();
  if (!known || token == "?") parameters.push_back(token);
}

}  // namespace

std::vector<ScriptStatement> split_script(std::string_view script) {
  std::vector<ScriptStatement> statements;
  bool is_open = false;  // whether the last one goes on
  while (!script.empty()) {
    const std::string_view token = script.substr(0, token_size(script));
    script.remove_prefix(token.size());
    if (token == ";") is_open = false;
    if (token == ";" || is_blank(token.front()) || is_comment(token)) continue;
    if (!is_open) statements.push_back({token, {}});
    is_open = true;
    ScriptStatement& statement = statements.back();
    const auto size = static_cast<std::size_t>(token.data() + token.size() - statement.text.data());
    statement.text = std::string_view(statement.text.data(), size);
    if (is_parameter(token)) add_parameter(token, statement.parameters);
  }
  return statements;
}

}  // namespace sql_handler
