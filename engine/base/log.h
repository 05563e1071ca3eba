// Log: what the service tells its operator. One line an entry, JSON or text, to standard error.
// Thread-safe. Values may be hostile: they are escaped, and cut after kLogValueBytes. A Secret does
// not fit into a field.
//
// Repeats are limited: of entries with the same message (a literal) at most kLogRepeats a minute
// are written; the next one that is says how many were not (`"suppressed":N`).
//
// An entry that cannot be written (closed, full, nobody reads it) is lost and does no harm; a
// reader of a pipe that stands still holds up who logs.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace tocsin::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t { text, json };

inline constexpr std::size_t kLogValueBytes = 1024;
inline constexpr unsigned kLogRepeats = 10;

struct Field {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;

  Field(std::string_view key_name, std::string_view text) : key(key_name), value(text) {}
  Field(std::string_view key_name, const char* text) : Field(key_name, std::string_view(text)) {}
  Field(std::string_view key_name, const std::string& text)
      : Field(key_name, std::string_view(text)) {}
  Field(std::string_view key_name, bool truth) : key(key_name), value(truth) {}
  template <std::integral Number>
  Field(std::string_view key_name, Number number)
      : key(key_name), value(static_cast<std::int64_t>(number)) {}
  Field(std::string_view key_name, double number) : key(key_name), value(number) {}

  std::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

// "debug", "info", "warning", "error".
std::string_view name(Level level);

// Takes effect at once, for all threads. Before the first call: info, text.
void configure(Level least, Format format);

// `message` is a literal: it is what repeats are counted by. So are keys; "time", "level",
// "message" and "suppressed" are taken.
void write(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

// Entries written or suppressed since the start, by level; for metrics.
std::uint64_t count(Level level);

// For tests. Entries go to `sink`, without their line break, one at a time; empty: to standard
// error again. Time is told by `clock`, which must live until the next call. Repeats are forgotten.
void set_sink(std::function<void(std::string_view line)> sink, const Clock& clock = system_clock());

}  // namespace tocsin::log
