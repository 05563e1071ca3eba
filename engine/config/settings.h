// Settings: one map of a configuration file, read key by key. Every problem is reported with its
// line and column, and reading goes on with the default, so that all problems are told at once.
// A key that nobody has asked for when finish() is called is an error with a suggestion.
//
// Texts may name environment variables: `${NAME}`; one that is not set is an error, unless there is
// another text for that case (or for an empty one): `${NAME:-text}`. `$$` is a `$`. What a variable
// holds is not shown in messages.
//
// A key without a value is a key that is not there.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "config/files.h"
#include "config/variables.h"
#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::config {

// "a map", "a list" or "a single value".
std::string_view kind_of(const sigma::YamlNode& node);

// What is read together: it must outlive the Settings made from it.
struct Context {
  sigma::Reporter& report;
  Environment environment;
  std::string folder;  // relative paths in the file start here
  const Files* files = &system_files();
  std::vector<std::string> files_read = {};  // secrets and others, by path
  // When there is one, it gets every key that was asked for, as in "server.auth.tokens[].name".
  std::set<std::string>* asked = nullptr;
};

struct PlacedText {
  std::string text;
  Span at;
};

inline constexpr std::int64_t kLongestDurationMs = 3650LL * 24 * 3600 * 1000;
inline constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 50;

class Settings {
 public:
  // `map` must be a map, or null for one without keys; anything else is reported. `what` is named
  // in messages, for example "server.tls". Both `map` and `context` must outlive the Settings.
  Settings(const sigma::YamlNode& map, std::string what, Context& context);

  bool has(std::string_view key) const;
  const std::string& what() const { return what_; }
  const Span& place() const { return place_; }
  // The place of the key's value, or of the map when there is no such key.
  Span at(std::string_view key) const;

  std::string text(std::string_view key, std::string_view otherwise = {});
  // The same, but the key must be there and not be empty.
  std::string required_text(std::string_view key);
  // One of `allowed`.
  std::string choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                     std::string_view otherwise);
  bool boolean(std::string_view key, bool otherwise);
  std::int64_t integer(std::string_view key, std::int64_t otherwise, std::int64_t least = 0,
                       std::int64_t most = std::numeric_limits<std::int64_t>::max());
  double number(std::string_view key, double otherwise, double least = 0, double most = 1e12);
  // "250ms", "30s", "5m", "12h", "3d"; in milliseconds. "0" is 0.
  std::int64_t duration_ms(std::string_view key, std::int64_t otherwise, std::int64_t least = 0,
                           std::int64_t most = kLongestDurationMs);
  // "512", "64KiB", "10MiB", "1GiB" (also kB, MB, GB); in bytes.
  std::uint64_t bytes(std::string_view key, std::uint64_t otherwise, std::uint64_t least = 0,
                      std::uint64_t most = kMostBytes);
  // A path, made absolute from the file's folder, as is `otherwise`, which stands for an absent
  // key.
  std::string path(std::string_view key, std::string_view otherwise = {});
  std::vector<std::string> paths(std::string_view key);
  // The text of a file that a key has named; it is then one of those the configuration was made of.
  Result<std::string> read_file(const std::string& path, std::size_t limit);
  // A list of texts; a single text is a list of one.
  std::vector<std::string> texts(std::string_view key);
  std::vector<PlacedText> placed_texts(std::string_view key);
  // A map from texts to texts.
  std::vector<std::pair<std::string, std::string>> text_map(std::string_view key);

  // `key: ${NAME}` or `key_file: PATH` (its first line, trailing blanks cut). A secret that stands
  // in the configuration itself is refused. Empty when neither is there.
  Secret secret(std::string_view key);
  Secret required_secret(std::string_view key);

  // A map below `key`; when the key is absent, a map without keys.
  Settings map(std::string_view key);
  // A map below `key` whose values are maps: with their keys, in order.
  std::vector<std::pair<PlacedText, Settings>> named_maps(std::string_view key);
  // A list of maps below `key`.
  std::vector<Settings> maps(std::string_view key, bool may_be_empty = true);

  void error(std::string_view key, std::string message, std::string suggestion = {});
  void warning(std::string_view key, std::string message);
  // Problems with a code and a place of their own.
  void report(Severity severity, sigma::DiagnosticCode code, Span at, std::string message,
              std::string suggestion = {});
  // Reports the keys that were not asked for, once.
  void finish();

  // All that this map says, with what its variables hold and what the files contain that it names
  // under keys ending in `_file`: when two are the same, nothing has changed. For hashing only.
  Secret everything() const;

 private:
  // The key's value, nullptr when it is not there or null. Notes that the key was asked for.
  const sigma::YamlNode* find(std::string_view key);
  void ask(std::string_view key);
  // A scalar's text with its variables; nullopt: reported.
  std::optional<PlacedText> expanded(const sigma::YamlNode& value, const std::string& what);
  // The key's scalar; nullopt when it is not there or reported.
  std::optional<PlacedText> scalar(std::string_view key);
  std::optional<std::string> secret_of_environment(std::string_view key);
  std::optional<std::string> secret_of_file(std::string_view key);
  std::string absolute(const PlacedText& path, const std::string& what);
  std::string own_name() const { return what_.empty() ? "the configuration" : what_; }
  std::string name_of(std::string_view key) const;
  Span place_of_key(std::string_view key) const;

  const sigma::YamlNode* map_;  // never null; a scalar null stands for no keys
  Span place_;                  // of the map, or of the nearest thing that is there
  std::string what_;
  Context* context_;
  std::vector<std::string> asked_;
  bool finished_ = false;
};

}  // namespace tocsin::config
