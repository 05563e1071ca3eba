#include "pipeline/admin_api.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "alert/correlation.h"
#include "alert/occurrences.h"
#include "base/json_writer.h"
#include "base/time.h"
#include "program/cost.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kMostAlerts = 1000;

std::string time_text(std::int64_t milliseconds) {
  return format_time(milliseconds / 1000, static_cast<int>(milliseconds % 1000));
}

Result<store::AlertFilter> filter_of(std::string_view query) {
  const auto pairs = parse_query(query);
  if (!pairs) return tl::unexpected(pairs.error());
  store::AlertFilter filter;
  for (const auto& [name, value] : *pairs) {
    if (name == "level") {
      filter.level = value;
    } else if (name == "rule") {
      filter.rule_id = value;
    } else if (name == "account") {
      filter.account = value;
    } else if (name == "principal") {
      filter.principal = value;
    } else if (name == "limit" || name == "before") {
      const bool is_limit = name == "limit";
      const auto number = query_number(value, is_limit ? kMostAlerts : INT64_MAX);
      if (!number) return fail(Code::invalid_input, fmt::format("`{}` is not a number", name));
      if (is_limit) {
        filter.limit = static_cast<std::size_t>(*number);
      } else {
        filter.before = *number;
      }
    } else {
      return fail(Code::invalid_input,
                  "parameters are level, rule, account, principal, before and limit");
    }
  }
  return filter;
}

void write_alert(const store::AlertRow& alert, JsonWriter& json) {
  json.begin_object();
  json.key("number").number(alert.id);
  json.key("count").number(alert.count);
  json.member("first_seen", time_text(alert.first_seen));
  json.member("last_seen", time_text(alert.last_seen));
  json.member("raised_at", time_text(alert.created));
  json.key("alert").raw(
      alert::with_occurrences(alert.json, {alert.source, "firing", alert.count, alert.first_seen,
                                           alert.last_seen, std::string_view()}));
  json.end_object();
}

void write_failed(const std::vector<FailedFile>& failed, JsonWriter& json) {
  if (failed.empty()) return;
  json.key("failed_files").begin_array();
  for (const FailedFile& file : failed) {
    json.begin_object().member("file", file.problem.file);
    json.key("line").number(std::uint64_t{file.problem.at.line});
    json.key("column").number(std::uint64_t{file.problem.at.column});
    json.member("code", file.problem.code).member("problem", file.problem.message);
    json.member("in_force", file.last_version ? "last_version" : "nothing").end_object();
  }
  json.end_array();
}

}  // namespace

std::optional<std::int64_t> query_number(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return std::min(number, most);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  const auto decoded = [](std::string_view text) -> std::optional<std::string> {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      unsigned byte = 0;
      if (text[i] != '%') {
        out.push_back(text[i] == '+' ? ' ' : text[i]);
        continue;
      }
      if (i + 2 >= text.size()) return std::nullopt;
      const char* const end = text.data() + i + 3;
      if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end) return std::nullopt;
      out.push_back(static_cast<char>(byte));
      i += 2;
    }
    return out;
  };
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto name = decoded(part.substr(0, equals));
    const auto value = decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return fail(Code::invalid_input, "a query with a broken % escape");
    pairs.emplace_back(*name, *value);
  }
  return pairs;
}

AdminApi::AdminApi(Parts parts) : parts_(std::move(parts)), started_ms_(parts_.clock.wall_ms()) {}

Result<std::string> AdminApi::alerts(std::string_view query) const {
  const Result<store::AlertFilter> filter = filter_of(query);
  if (!filter) return tl::unexpected(filter.error());
  const Result<std::vector<store::AlertRow>> found = parts_.store.alerts(*filter);
  if (!found) return tl::unexpected(found.error());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("alerts").begin_array();
  for (const store::AlertRow& alert : *found) write_alert(alert, json);
  json.end_array();
  // Where the next page begins.
  if (found->size() == filter->limit && !found->empty()) {
    json.key("next_before").number(found->back().id);
  }
  json.end_object();
  return out;
}

std::string AdminApi::rules() const {
  const std::shared_ptr<const Live> live = parts_.live.get();
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("hash", live->hash).key("rules").begin_array();
  for (const program::RuleCost& cost : live->costs()) {
    const sigma::Meta& meta = live->program().rules()[cost.rule].source.meta;
    json.begin_object()
        .member("id", meta.id)
        .member("title", meta.title)
        .member("level", meta.level.empty() ? "medium" : meta.level)
        .member("file", meta.file);
    json.key("hits").number(live->hits[cost.rule].load(std::memory_order_relaxed));
    json.member("cost", program::to_string(cost.cost)).member("waits_for", cost.waits_for);
    json.key("tried_per_million_records")
        .number(static_cast<std::uint64_t>(std::llround(cost.tried * 1e6)));
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string AdminApi::reloaded() const {
  const std::shared_ptr<const Live> live = parts_.live.get();
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("reloaded").boolean(true);
  write_failed(live->ruleset.failed, json);
  json.end_object();
  return out;
}

Result<std::string> AdminApi::status() const {
  const std::shared_ptr<const Live> live = parts_.live.get();
  const auto stats = parts_.store.stats();
  if (!stats) return tl::unexpected(stats.error());
  const auto counts = parts_.store.counts();
  if (!counts) return tl::unexpected(counts.error());
  const Intake::Load load = parts_.intake.load();

  std::string out;
  JsonWriter json(out);
  json.begin_object().member("version", parts_.version);
  json.member("started_at", time_text(started_ms_)).member("config", parts_.config_file);
  json.key("rules").begin_object().member("hash", live->hash);
  json.key("loaded").number(std::uint64_t{live->program().rules().size()});
  json.key("correlations").number(std::uint64_t{live->ruleset.correlations->all().size()});
  write_failed(live->ruleset.failed, json);
  json.end_object();
  const correlate::Time watermark = parts_.correlations.watermark();
  if (watermark != correlate::kNoTime) {
    json.member("watermark", alert::nanosecond_text(watermark));
  }
  json.key("in_flight").begin_object();
  json.key("submissions").number(std::uint64_t{load.submissions});
  json.key("bytes").number(std::uint64_t{load.bytes}).end_object();

  json.key("store").begin_object();
  json.key("bytes").number(stats->bytes).key("alerts").number(stats->alerts);
  json.key("outbox_rows").number(stats->outbox_rows).key("open_groups").number(stats->groups);
  json.key("firings_remembered").number(stats->seen);
  json.key("firings_evicted").number(stats->seen_evicted).end_object();

  json.key("receivers").begin_array();
  for (const deliver::ReceiverStatus& receiver : parts_.dispatcher.status()) {
    json.begin_object().member("name", receiver.name).member("type", receiver.type);
    json.member("state", receiver.state);
    if (!receiver.last_error.empty()) json.member("last_error", receiver.last_error);
    if (receiver.last_delivered_ms != 0) {
      json.member("last_delivered_at", time_text(receiver.last_delivered_ms));
    }
    json.end_object();
  }
  json.end_array().key("outbox").begin_array();
  for (const store::OutboxCount& count : *counts) {
    json.begin_object().member("receiver", count.receiver);
    json.key("pending").number(count.pending).key("dead").number(count.dead);
    if (count.oldest_pending != 0) json.member("oldest", time_text(count.oldest_pending));
    json.end_object();
  }
  json.end_array();

  json.key("sources");
  parts_.sources.write_status(json);
  const MutexLock lock(mutex_);
  if (reload_.at_ms != 0) {
    json.key("last_reload").begin_object().member("at", time_text(reload_.at_ms));
    json.key("success").boolean(reload_.success);
    if (!reload_.error.empty()) json.member("error", reload_.error);
    json.end_object();
  }
  json.end_object();
  return out;
}

void AdminApi::set_reload(ReloadStatus status) {
  const MutexLock lock(mutex_);
  reload_ = std::move(status);
}

}  // namespace tocsin::pipeline
