#include "contract/notifiers/kit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "alert/correlation.h"
#include "alert/occurrences.h"
#include "base/ip.h"
#include "config/document.h"
#include "differential/reference/json_dom.h"
#include "source_dir.h"

namespace tocsin::contract {

namespace fs = std::filesystem;

const std::vector<Setup>& setups() {
  static const std::vector<Setup> kSetups = {
      {"slack webhook", "slack", "webhook_url: ${HOOK}\n", true, "ok", true},
      {"slack bot", "slack", "token: ${TOKEN}\nchannel: C0123456789\napi_url: ${HOOK}\n", true,
       R"({"ok":true,"channel":"C0123456789","ts":"1.2"})"},
      {"webhook", "webhook", "url: ${HOOK}\nsecret: ${SIGNING}\nheaders: {X-Key: \"${KEY}\"}\n"},
      {"webhook, CloudEvents", "webhook", "url: ${HOOK}\nenvelope: cloudevents\n"},
      {"alertmanager", "alertmanager", "url: ${HOOK}\nbearer_token: ${TOKEN}\n"},
      {"stdout", "stdout", "format: json\n", false},
      {"file", "file", "path: ${FILE}\n", false},
  };
  return kSetups;
}

Environment environment(const std::string& url) {
  return {{"HOOK", url},
          {"TOKEN", std::string(kCanaryToken)},
          {"KEY", std::string(kCanaryHeader)},
          {"SIGNING", std::string(kSigningSecret)},
          {"PREVIOUS", std::string(kPreviousSecret)},
          {"FILE", "/nonexistent/alerts.jsonl"}};
}

const deliver::NotifierEntry* entry(const std::string& type) {
  for (const deliver::NotifierEntry& known : deliver::notifiers()) {
    if (known.type == type) return &known;
  }
  return nullptr;
}

Made make(const std::string& type, const std::string& yaml, const Environment& environment) {
  Made out;
  const deliver::NotifierEntry* found = entry(type);
  REQUIRE(found != nullptr);
  config::Document document(yaml, "tocsin.yml");
  document.context().environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto value = environment.find(name);
    return value == environment.end() ? std::nullopt : std::optional(value->second);
  };
  document.context().folder = "/";
  auto root = document.root();
  REQUIRE(root.has_value());
  out.notifier = found->make(*root);
  root->finish();
  const Diagnostics found_problems = document.diagnostics();
  for (const Diagnostic& problem : found_problems.all()) {
    if (!out.problems.empty()) out.problems += "; ";
    out.problems += fmt::format("{}:{}: {}", problem.at.line, problem.at.column, problem.message);
  }
  return out;
}

std::unique_ptr<deliver::Notifier> made(const Setup& setup, const std::string& url) {
  Made out = make(setup.type, setup.yaml, environment(url));
  INFO(setup.name << ": " << out.problems);
  REQUIRE(out.problems.empty());
  REQUIRE(out.notifier != nullptr);
  return std::move(out.notifier);
}

net::ClientOptions loopback(std::int64_t timeout_ms) {
  net::ClientOptions options;
  options.egress.allowed.push_back(*parse_cidr("127.0.0.0/8"));
  options.timeout_ms = timeout_ms;
  options.proxy = "none";
  return options;
}

std::string file_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string alert_line(const std::string& name) {
  std::string line =
      file_text(TOCSIN_SOURCE_DIR "/tests/contract/notifiers/alerts/" + name + ".json");
  INFO(name);
  REQUIRE_FALSE(line.empty());
  while (line.back() == '\n') line.pop_back();
  return line;
}

deliver::Item item(const std::string& json_line, const std::string& key, std::uint64_t count) {
  alert::Occurrences occurrences;
  occurrences.source = "http";
  occurrences.count = count;
  occurrences.first_seen = 1'513'730'926'000;
  occurrences.last_seen = occurrences.first_seen + static_cast<std::int64_t>(count - 1) * 61'000;
  occurrences.notification = key;
  deliver::Item out;
  out.json = alert::with_occurrences(json_line, occurrences);
  out.key = key;
  auto parsed = alert::parse(out.json);
  REQUIRE(parsed.has_value());
  out.alert = *std::move(parsed);
  return out;
}

deliver::Item item(alert::Alert alert, const std::string& key) {
  deliver::Item out;
  TextBuffer json;
  alert::append_json(alert, json);
  out.json = json.text();
  out.key = key;
  out.alert = std::move(alert);
  return out;
}

deliver::Notification notification(std::vector<deliver::Item> items, unsigned attempt) {
  deliver::Notification out;
  out.key = items.size() == 1 ? items.front().key : "d1g357";
  out.items = std::move(items);
  out.attempt = attempt;
  out.now_ms = 1'513'731'000'000 + attempt * 5'000;
  return out;
}

alert::Alert hostile(const std::string& text) {
  const std::size_t many = text.size() > 10'000 ? 1 : 30;
  auto rule = std::make_shared<alert::RuleFacts>();
  rule->id = rule->title = rule->level = rule->status = rule->author = rule->file = text;
  rule->description = rule->runbook = text;
  rule->tags.assign(many, text);
  rule->tags.emplace_back("attack." + text);
  rule->references.assign(many, text);
  rule->references.push_back("https://" + text);
  rule->references.push_back("https://example.org/" + text);
  rule->references.push_back("javascript:" + text);
  rule->falsepositives.assign(many, text);
  rule->json = "\"rule\":{}";
  alert::Alert alert;
  alert.id = alert.fingerprint = "00112233445566778899aabbccddeeff";
  alert.rule = rule;
  alert.matched.selections.assign(3, text);
  alert.matched.fields.assign(many, {text, text, text, text});
  alert.matched.fields.push_back({"", text, text, ""});
  alert.matched.fields.push_back({text, "", text, ""});
  for (const auto& fact : alert::kEventFacts<std::string>) alert.*fact.text = text;
  alert.identity_kind = "assumed_role", alert.mfa = "false", alert.source_ip_kind = "public";
  alert.resources.assign(alert::kMostResources, {text, text});
  for (std::string* field :
       {&alert.input_path, &alert.source, &alert.first_seen, &alert.last_seen}) {
    *field = text;
  }
  alert.detected_at = "2024-01-31T12:00:00.000Z";
  alert.event = "{}";
  alert.count = UINT64_MAX;
  return alert;
}

alert::Alert hostile_correlation(const std::string& text) {
  alert::CorrelationFacts facts;
  const std::size_t many = text.size() > 10'000 ? 2 : 20;
  facts.type = text;
  facts.condition = text;
  facts.field.assign(many, text);
  facts.group_by.assign(many, {text, text});
  facts.group_by.emplace_back("tocsin.principal", text);
  facts.values.assign(many, {text, text});
  facts.timespan = INT64_MAX;
  facts.window_begin = INT64_MIN, facts.window_end = INT64_MAX;
  facts.measure = 1e300;
  facts.hits = facts.firings = UINT64_MAX;
  facts.first = facts.last = INT64_MAX;
  alert::CorrelatedEvent event;
  for (const auto& fact : alert::kEventFacts<std::string>) event.*fact.text = text;
  event.rule = event.input_path = text;
  facts.events.assign(many, event);
  alert::Alert alert = hostile(text);
  alert.correlation = std::make_shared<const alert::CorrelationFacts>(std::move(facts));
  return alert;
}

deliver::Outcome send(const deliver::Notifier& notifier, const deliver::Notification& notification,
                      std::int64_t timeout_ms) {
  net::HttpClient http(loopback(timeout_ms));
  const std::atomic<bool> stop = false;
  deliver::Channel channel{http, stop};
  return notifier.send(notification, channel);
}

bool is_json(const std::string& text) {
  return reference::parse_strict_json(text, 100).has_value();
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "tocsin-notifiers-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

}  // namespace tocsin::contract
