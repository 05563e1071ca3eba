// Alertmanager: alerts pushed to API v2 of one or several replicas (wire formats B5).
//
// An alert is known by its labels there: they are few and the same for every firing of one rule for
// one principal, so that repetitions are updates. Everything else is in annotations.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alert/correlation_words.h"
#include "alert/occurrences.h"
#include "alert/wording.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "base/time.h"
#include "deliver/notifier.h"
#include "http_target.h"

namespace tocsin::notifiers {
namespace {

using alert::Alert;
using deliver::Outcome;

constexpr std::string_view kPath = "/api/v2/alerts";
constexpr std::size_t kMostReplicas = 8;
constexpr std::size_t kLabel = 256;        // code points
constexpr std::size_t kGroupLabel = 200;   // before a fingerprint
constexpr std::size_t kAnnotation = 1000;  // code points
constexpr std::int64_t kHourMs = 3600LL * 1000;

struct Options {
  std::vector<Secret> urls;
  Headers headers;
  std::vector<std::pair<std::string, std::string>> labels;
  std::int64_t resolve_after_ms = kHourMs;
};

std::string time_text(std::int64_t milliseconds) {
  return format_time(milliseconds / 1000, static_cast<int>(milliseconds % 1000));
}

// Milliseconds since 1970; nullopt for what is no time, or one before.
std::optional<std::int64_t> milliseconds(std::string_view rfc3339) {
  const auto time = parse_time(rfc3339);
  if (!time || time->unix_seconds() < 0) return std::nullopt;
  return time->unix_seconds() * 1000 + time->nanosecond / 1'000'000;
}

// The first of `texts` that is a time, otherwise `now`.
std::int64_t first_time(std::initializer_list<std::string_view> texts, std::int64_t now) {
  for (const std::string_view text : texts) {
    if (const auto time = milliseconds(text)) return *time;
  }
  return now;
}

void pair(JsonWriter& json, std::string_view name, std::string_view value, std::size_t limit) {
  // Here an empty label is an absent one.
  if (!value.empty()) json.member(name, alert::shown(value, limit));
}

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Of a group: its values, as the members of its latest event may differ from time to time.
void write_group_labels(JsonWriter& json, const Alert& alert) {
  std::string others;
  std::set<std::string> written;
  for (const auto& [field, value] : alert.correlation->group_by) {
    const std::string name = alert::field_words(field);
    const bool known = name == "principal" || name == "account" || name == "region";
    if (known && written.insert(name).second) {
      pair(json, name, value, kLabel);
    } else {
      others += fmt::format("{}{} = {}", others.empty() ? "" : ", ", name, value);
    }
  }
  // What is cut must stay distinct.
  if (alert::shown(others, kGroupLabel) != alert::shown(others, others.size() + 1)) {
    others = alert::shown(others, kGroupLabel) + " " + alert.fingerprint;
  }
  pair(json, "group", others, kLabel);
}

void write_labels(JsonWriter& json, const Alert& alert, const Options& options) {
  const auto label = [&](std::string_view name, std::string_view value) {
    pair(json, name, value, kLabel);
  };
  json.key("labels").begin_object();
  for (const auto& [name, value] : options.labels) label(name, value);
  label("alertname", alert.rule->title.empty() ? "untitled rule" : alert.rule->title);
  label("rule_id", alert.rule->id);
  label("severity", alert::severity_name(alert::severity_rank(alert.rule->level)));
  if (alert.correlation != nullptr) {
    write_group_labels(json, alert);
  } else {
    label("account", alert.account);
    label("region", alert.region);
    label("principal", alert.principal);
  }
  json.end_object();
}

void write_facts(JsonWriter& json, const alert::CorrelationFacts& facts) {
  const auto annotation = [&](std::string_view name, std::string_view value) {
    pair(json, name, value, kAnnotation);
  };
  annotation("correlation_type", facts.type);
  annotation("condition", facts.condition);
  annotation("measure", alert::measure_words(facts));
  annotation("new_values", alert::pairs_words(facts.values, kAnnotation));
  annotation("window_start", alert::nanosecond_text(facts.window_begin));
  annotation("window_end", alert::nanosecond_text(facts.window_end));
  annotation("hits", std::to_string(facts.hits));
  annotation("firings", std::to_string(facts.firings));
  std::string events;
  for (const alert::CorrelatedEvent* event : alert::shown_events(facts, 3, 2)) {
    if (!events.empty()) events += "; ";
    events += event == nullptr ? "…" : event->event_time + " " + alert::event_words(*event);
  }
  annotation("events", events);
}

// Facts that stand in labels, or in "event".
bool is_labelled(std::string_view fact) {
  return fact == "principal" || fact == "account" || fact == "region" || fact == "event_source" ||
         fact == "event_name";
}

void write_annotations(JsonWriter& json, const Alert& alert) {
  const auto annotation = [&](std::string_view name, std::string_view value) {
    pair(json, name, value, kAnnotation);
  };
  json.key("annotations").begin_object();
  annotation("summary", alert::summary(alert));
  annotation("event", alert::call(alert));
  for (const auto& fact : alert::kEventFacts<std::string>) {
    if (!is_labelled(fact.key)) annotation(fact.key, alert.*fact.text);
  }
  annotation("resource", alert::resource_words(alert.resources, kAnnotation));
  annotation("description", alert.rule->description);
  annotation("runbook_url", alert.rule->runbook);
  annotation("count", std::to_string(alert.count));
  annotation("tags", joined(alert.rule->tags));
  annotation("references", joined(alert.rule->references));
  annotation("alert_id", alert.id);
  annotation("source", alert.source);
  if (alert.correlation != nullptr) write_facts(json, *alert.correlation);
  json.end_object();
}

// The worst of what the replicas said: all must have the alert, as they do not pass it on.
Outcome worst(std::vector<Outcome> outcomes) {
  const auto badness = [](const Outcome& outcome) {
    switch (outcome.kind) {
      case Outcome::Kind::delivered:
        return 0;
      case Outcome::Kind::gone:
        return 1;
      case Outcome::Kind::rejected:
        return 2;
      case Outcome::Kind::retry:
        return 3;
    }
    return 3;
  };
  std::size_t at = 0;
  bool all_gone = true;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (badness(outcomes[i]) > badness(outcomes[at])) at = i;
    all_gone = all_gone && outcomes[i].kind == Outcome::Kind::gone;
  }
  Outcome outcome = outcomes[at];
  if (outcome.kind == Outcome::Kind::gone && !all_gone) outcome.kind = Outcome::Kind::rejected;
  if (outcomes.size() > 1 && outcome.kind != Outcome::Kind::delivered) {
    outcome.reason = fmt::format("replica {} of {}: {}", at + 1, outcomes.size(), outcome.reason);
  }
  for (const Outcome& other : outcomes) {
    if (other.retry_after_ms) {
      outcome.retry_after_ms = std::max(outcome.retry_after_ms.value_or(0), *other.retry_after_ms);
    }
  }
  return outcome;
}

class Alertmanager : public deliver::Notifier {
 public:
  explicit Alertmanager(Options options) : options_(std::move(options)) {}

  Outcome send(const deliver::Notification& notification,
               deliver::Channel& channel) const override {
    net::HttpRequest request;
    request.body = preview(notification);
    request.headers.emplace_back("Content-Type", Secret("application/json"));
    for (const auto& own : options_.headers) request.headers.push_back(own);
    std::vector<Outcome> outcomes;
    for (const Secret& url : options_.urls) {
      request.url = url;
      outcomes.push_back(exchange(channel, request));
      if (channel.stop) break;
    }
    return worst(std::move(outcomes));
  }

  std::string preview(const deliver::Notification& notification) const override {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const deliver::Item& item : notification.items) {
      const Alert& alert = item.alert;
      const std::int64_t now = std::max<std::int64_t>(notification.now_ms, 0);
      const std::int64_t start =
          first_time({alert.first_seen, alert.event_time, alert.detected_at}, now);
      const std::int64_t last =
          std::max(start, first_time({alert.last_seen, alert.event_time, alert.detected_at}, now));
      // An alert that ends in the past is a resolved one, of which nobody is told; events may be
      // old when they come. So a firing one lasts from the moment it is sent.
      const bool resolved = alert.status == "resolved";
      const std::int64_t end = resolved ? last : std::max(last, now) + options_.resolve_after_ms;
      json.begin_object();
      write_labels(json, alert, options_);
      write_annotations(json, alert);
      json.member("startsAt", time_text(start)).member("endsAt", time_text(end));
      json.end_object();
    }
    json.end_array();
    return out;
  }

 private:
  const Options options_;
};

bool is_label_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

// The address of the API on a server that is known by `url`.
std::string api_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with(kPath) ? url : url + std::string(kPath);
}

std::unique_ptr<deliver::Notifier> make(config::Settings& settings) {
  Options options;
  std::vector<std::string> urls = settings.texts("urls");
  const Secret url = url_setting(settings, "url");
  const bool has_url = settings.has("url") || settings.has("url_file");
  if (has_url == settings.has("urls")) {
    settings.error(has_url ? "urls" : "url",
                   has_url ? "keep either `url` or `urls`"
                           : "Alertmanager needs `url: http://host:9093`, or `urls`, a list of all "
                             "its replicas");
    return nullptr;
  }
  if (!url.empty()) options.urls.emplace_back(api_url(std::string(url.reveal())));
  for (std::string& text : urls) {
    if (const Status status = net::check_url(text); !status) {
      settings.error("urls", status.error().message);
      return nullptr;
    }
    if (text.find_first_of("?#") != std::string::npos) {
      settings.error("urls", "the address of a server has no `?` or `#` in it");
      return nullptr;
    }
    options.urls.emplace_back(api_url(std::move(text)));
  }
  if (options.urls.size() > kMostReplicas) {
    settings.error("urls", fmt::format("at most {} replicas", kMostReplicas));
  }
  options.headers = header_settings(settings);
  options.resolve_after_ms =
      settings.duration_ms("resolve_after", options.resolve_after_ms, 60'000, 7LL * 24 * kHourMs);
  constexpr std::string_view kOwn[] = {"alertname", "rule_id", "severity",
                                       "account",   "region",  "principal"};
  for (auto& [name, value] : settings.text_map("labels")) {
    if (!is_label_name(name)) {
      settings.error("labels", fmt::format("`{}` is not a label's name: letters, digits and `_`",
                                           text::printable(name)));
    } else if (std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn)) {
      settings.error("labels", fmt::format("the label `{}` is set by Tocsin", name));
    } else {
      options.labels.emplace_back(name, value);
    }
  }
  if (options.urls.empty()) return nullptr;  // reported
  return std::make_unique<Alertmanager>(std::move(options));
}

}  // namespace

deliver::NotifierEntry entry_alertmanager() {
  deliver::Traits traits;
  traits.digest = 64;
  return {"alertmanager", "Prometheus Alertmanager, every replica of it (API v2)", traits, make};
}

}  // namespace tocsin::notifiers
