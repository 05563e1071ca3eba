// examples/tocsin.yml is the reference of the configuration: it must be whole and true.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "config_reading.h"
#include "sigma/yaml_reader.h"
#include "source_dir.h"

namespace tocsin::pipeline {
namespace {

const std::string kFile = TOCSIN_SOURCE_DIR "/examples/tocsin.yml";

std::string example() {
  std::ifstream stream(kFile);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The file with every key in it that is only shown in a comment: `#  key: value`.
std::string with_all_keys() {
  static const std::regex kHidden("^#( *(?:- )?[a-z0-9_]+:(?: .*)?)$");
  std::string out;
  std::istringstream lines(example());
  for (std::string line; std::getline(lines, line);) {
    out += std::regex_replace(line, kHidden, "$1") + "\n";
  }
  return out;
}

// Keys of maps that are the user's to choose.
bool is_free(const std::string& path) {
  return path == "receivers[].headers" || path == "receivers[].labels";
}

void add_keys(const sigma::YamlNode& node, const std::string& path, std::set<std::string>& out) {
  for (const sigma::YamlNode& item : node.items) add_keys(item, path + "[]", out);
  if (is_free(path)) return;
  for (const sigma::YamlEntry& entry : node.entries) {
    const std::string key = path.empty() ? entry.key.text : path + "." + entry.key.text;
    out.insert(key);
    add_keys(entry.value, key, out);
  }
}

// A file system in which whatever the example names is there.
class ExampleFiles : public AnyFiles {
 public:
  Result<Content> read(const std::string& path, std::size_t) const override {
    if (path.ends_with(".tpl")) return Content{"{\"text\": \"{{SUMMARY}}\"}", false};
    if (path.ends_with("webhook-url")) return Content{"https://soc.example.com/secret\n", false};
    if (path.ends_with("previous")) return Content{kKey, false};
    return AnyFiles::read(path, 0);
  }
  static constexpr char kKey[] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
};

TEST_CASE("the example works as it is, and is the default") {
  Diagnostics diagnostics;
  LoadOptions options;
  options.environment = config::environment_of({});
  const std::optional<Config> config = load_config(kFile, diagnostics, options);
  CHECK(config::summary(diagnostics) == "");
  REQUIRE(config);
  const std::optional<Config> standard = default_config(diagnostics, options);
  REQUIRE(standard);
  for (std::size_t i = 0; i < config->fixed.size(); ++i) {
    if (config->fixed[i].section == "store") continue;  // in another folder
    CHECK(config->fixed[i].value == standard->fixed[i].value);
  }
  CHECK(config->store.max_bytes == standard->store.max_bytes);
  CHECK(config->store.reserve_bytes == standard->store.reserve_bytes);
  CHECK(config->store.max_rows == standard->store.max_rows);
  CHECK(config->store.max_seen == standard->store.max_seen);
  CHECK(config->store.max_known == standard->store.max_known);
  CHECK(config->store.seen_for == standard->store.seen_for);
  CHECK(config->store.keep_alerts == standard->store.keep_alerts);
  CHECK(config->store.keep_dead == standard->store.keep_dead);
  CHECK(config->rules.paths == standard->rules.paths);
  CHECK(config->rules.strict == standard->rules.strict);
  CHECK(config->grouping.interval == standard->grouping.interval);
  CHECK(config->grouping.rule_budget == standard->grouping.rule_budget);
  CHECK(config->grouping.budget_period == standard->grouping.budget_period);
  CHECK(config->limits.shutdown_ms == standard->limits.shutdown_ms);
  CHECK(config->reload.watch == standard->reload.watch);
  CHECK(config->reload.interval_ms == standard->reload.interval_ms);
  CHECK(config->log.level == standard->log.level);
  CHECK(config->log.format == standard->log.format);
  CHECK(config->receivers.size() == 1);
}

TEST_CASE("every key is in the example, and nothing else is") {
  static const ExampleFiles files;
  const std::string text = with_all_keys();
  std::set<std::string> asked;
  Diagnostics diagnostics;
  LoadOptions options;
  options.environment = config::environment_of({{"TOCSIN_FIREHOSE_TOKEN", "0123456789abcdef"},
                                                {"SLACK_WEBHOOK_URL", "https://hooks.example/x"},
                                                {"WEBHOOK_TOKEN", "0123456789abcdef"},
                                                {"WEBHOOK_SECRET", ExampleFiles::kKey}});
  options.files = &files;
  options.asked = &asked;
  const std::optional<Config> config = load_config_text(text, kFile, diagnostics, options);
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) FAIL_CHECK(render_text(d, false));
  }
  CHECK(config);

  Diagnostics ignored;
  sigma::Reporter report(text, kFile, ignored);
  std::set<std::string> shown;
  for (const sigma::YamlDocument& document : sigma::read_yaml(report)) {
    add_keys(document.root, "", shown);
  }
  for (const std::string& key : asked) {
    INFO("not in the example: " << key);
    // Of a secret, one of its two ways is enough.
    const bool secret = asked.contains(key + "_file") ||
                        (key.ends_with("_file") && asked.contains(key.substr(0, key.size() - 5)));
    const std::string other =
        key.ends_with("_file") ? key.substr(0, key.size() - 5) : key + "_file";
    CHECK((shown.contains(key) || (secret && shown.contains(other))));
  }
  for (const std::string& key : shown) {
    INFO("in the example, but nobody asks for it: " << key);
    CHECK(asked.contains(key));
  }
}

}  // namespace
}  // namespace tocsin::pipeline
