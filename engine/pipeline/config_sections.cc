#include "pipeline/config_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "config/forms.h"

namespace tocsin::pipeline {
namespace {

using config::Settings;

// What is still in the store's log has to find room in the database (store/FORMAT.md).
constexpr std::uint64_t kLeastReserve = 8 * kMiB;
constexpr std::size_t kNameBytes = 64;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

std::uint64_t read_count(Settings& settings, std::string_view key, std::uint64_t otherwise,
                         std::int64_t least, std::int64_t most) {
  return static_cast<std::uint64_t>(
      settings.integer(key, static_cast<std::int64_t>(otherwise), least, most));
}

}  // namespace

void Reading::require_readable(Settings& settings, std::string_view key, const std::string& path) {
  if (path.empty()) return;
  const Status readable = options.files->readable(path);
  if (readable) return;
  settings.report(Severity::error, "C916", settings.at(key),
                  fmt::format("{}.{}: {} cannot be read: {}", settings.what(), key, path,
                              readable.error().message));
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytes &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

bool check_name(Settings& settings, std::string_view key, const std::string& name,
                const std::vector<std::string>& taken) {
  if (name.empty()) return false;  // reported
  if (!is_plain_name(name)) {
    settings.report(Severity::error, "C906", settings.at(key),
                    fmt::format("{}.{} has at most {} letters, digits, `.`, `_` and `-`",
                                settings.what(), key, kNameBytes));
    return false;
  }
  if (std::find(taken.begin(), taken.end(), name) == taken.end()) return true;
  settings.report(Severity::error, "C912", settings.at(key),
                  fmt::format("the name `{}` is there twice", name));
  return false;
}

void read_rules(Settings& root, Reading& reading) {
  RulesConfig& out = reading.config.rules;
  Settings rules = root.map("rules");
  out.paths = rules.paths("paths");
  if (!rules.has("paths")) {
    const std::string shipped = shipped_rules(*reading.options.files);
    if (shipped.empty()) {
      rules.report(Severity::error, "C904", rules.place(),
                   "the rules that come with tocsin are not where it looks for them (beside the "
                   "program); name some in rules.paths");
    } else {
      out.paths = {shipped};
    }
  } else if (out.paths.empty()) {
    rules.report(Severity::error, "C904", rules.at("paths"),
                 "rules.paths names no rules; without the key, the rules that come with tocsin are "
                 "loaded");
  }
  out.lists = rules.paths("lists");
  for (const std::string& path : out.paths) reading.require_readable(rules, "paths", path);
  for (const std::string& path : out.lists) reading.require_readable(rules, "lists", path);
  out.logsource_text = rules.text("logsource", out.logsource_text);
  if (const std::optional<Source> source = parse_source(out.logsource_text)) {
    out.logsource = *source;
  } else {
    rules.error("logsource", fmt::format("rules.logsource is `auto`, `any` or like "
                                         "`product=aws,service=cloudtrail`, not `{}`",
                                         out.logsource_text));
  }
  out.strict = rules.boolean("strict", out.strict);
  rules.finish();
}

void read_store(Settings& root, Reading& reading) {
  store::StoreOptions& out = reading.config.store;
  Settings store = root.map("store");
  out.folder = store.path("path", "tocsin-data");
  out.max_bytes = store.bytes("max_size", out.max_bytes, 16 * kMiB, 1024 * kGiB);
  out.reserve_bytes = store.bytes("reserve", out.reserve_bytes, kLeastReserve, 1024 * kGiB);
  out.max_rows = read_count(store, "max_outbox_rows", out.max_rows, 100, 1'000'000'000);
  out.seen_for = store.duration_ms("dedup_for", out.seen_for, kMinute, 365 * kDay);
  out.max_seen = read_count(store, "dedup_max", out.max_seen, 1000, 1'000'000'000);
  out.keep_alerts = store.duration_ms("keep_alerts", out.keep_alerts, kHour, 3650 * kDay);
  out.keep_dead = store.duration_ms("keep_dead_letters", out.keep_dead, kHour, 3650 * kDay);
  store.finish();
}

void read_alerts(Settings& root, Reading& reading) {
  route::GroupingOptions& out = reading.config.grouping;
  Settings alerts = root.map("alerts");
  out.interval = alerts.duration_ms("group_interval", out.interval, 0, 7 * kDay);
  out.rule_budget = read_count(alerts, "rule_budget", out.rule_budget, 0, 1'000'000'000);
  out.budget_period =
      alerts.duration_ms("rule_budget_period", out.budget_period, kOneSecond, 30 * kDay);
  alerts.finish();
}

void read_limits(Settings& root, Reading& reading) {
  LimitsConfig& out = reading.config.limits;
  const source::IngestOptions& ingest = reading.config.ingest;
  Settings limits = root.map("limits");
  const unsigned processors = std::clamp(std::thread::hardware_concurrency(), 1U, 256U);
  out.workers = static_cast<unsigned>(limits.integer("workers", processors, 1, 256));
  out.in_flight_bytes = limits.bytes("in_flight", out.in_flight_bytes, kMiB, 64 * kGiB);
  out.in_flight_submissions =
      read_count(limits, "in_flight_submissions", out.in_flight_submissions, 1, 10'000'000);
  out.commit_submissions =
      read_count(limits, "commit_submissions", out.commit_submissions, 1, 100'000);
  out.inflated_bytes = limits.bytes("max_inflated", out.inflated_bytes, kMiB, 64 * kGiB);
  out.shutdown_ms = limits.duration_ms("shutdown", out.shutdown_ms, 0, kHour);
  const std::uint64_t largest = std::max(ingest.body_bytes, ingest.firehose_body_bytes);
  if (out.in_flight_bytes < largest) {
    limits.report(Severity::error, "C917", limits.at("in_flight"),
                  fmt::format("limits.in_flight is less than one body may have ({}, "
                              "server.limits), so that such a body would never be accepted",
                              config::show_bytes(largest)));
  }
  limits.finish();
}

void read_correlation(Settings& root, Reading& reading) {
  CorrelationConfig& out = reading.config.correlation;
  Settings correlation = root.map("correlation");
  out.lateness_ms = correlation.duration_ms("lateness", out.lateness_ms, 0, 7 * kDay);
  correlate::Limits& limits = out.limits;
  limits.groups_per_correlation =
      read_count(correlation, "max_groups_per_rule", limits.groups_per_correlation, 1, 100'000'000);
  limits.groups = read_count(correlation, "max_groups", limits.groups, 1, 100'000'000);
  limits.hits_per_group =
      read_count(correlation, "max_hits_per_group", limits.hits_per_group, 10, 10'000'000);
  limits.known_per_group =
      read_count(correlation, "max_values_per_group", limits.known_per_group, 10, 100'000'000);
  store::StoreOptions& store = reading.config.store;
  limits.bytes = correlation.bytes("max_memory", limits.bytes, 16 * kMiB, 256 * kGiB);
  store.max_known = read_count(correlation, "max_values", store.max_known, 1000, 1'000'000'000);
  out.journal_bytes = correlation.bytes("journal", out.journal_bytes, kMiB, 256 * kGiB);
  if (out.journal_bytes > store.max_bytes / 4) {
    if (correlation.has("journal")) {
      correlation.report(Severity::error, "C917", correlation.at("journal"),
                         fmt::format("correlation.journal is more than a quarter of store.max_size "
                                     "({}), which other things need, too",
                                     config::show_bytes(store.max_bytes)));
    }
    out.journal_bytes = store.max_bytes / 4;
  }
  correlation.finish();
}

void read_operation(Settings& root, Reading& reading) {
  Config& config = reading.config;
  Settings log = root.map("log");
  const std::string level = log.choice("level", {"debug", "info", "warning", "error"}, "info");
  config.log.level = level == "debug"     ? log::Level::debug
                     : level == "warning" ? log::Level::warning
                     : level == "error"   ? log::Level::error
                                          : log::Level::info;
  config.log.format = log.choice("format", {"text", "json"}, "text") == "json" ? log::Format::json
                                                                               : log::Format::text;
  log.finish();

  Settings reload = root.map("reload");
  config.reload.watch = reload.boolean("watch", config.reload.watch);
  config.reload.interval_ms = reload.duration_ms("interval", config.reload.interval_ms, 100, kDay);
  reload.finish();

  Settings metrics = root.map("metrics");
  config.metrics.rule_labels = metrics.boolean("rule_labels", config.metrics.rule_labels);
  metrics.finish();
}

}  // namespace tocsin::pipeline
