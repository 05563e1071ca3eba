// Correlations over real events: the engine and the reference agree.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "corpus/corpus.h"
#include "differential/correlation_check.h"
#include "differential/correlation_rules.h"
#include "differential/generate/correlation_scenario.h"
#include "differential/reference/event.h"
#include "differential/reference/padded.h"
#include "event/event_reader.h"
#include "program/match.h"

namespace {

using namespace tocsin;
using namespace tocsin::differential;
using reference::PlainHit;
using reference::Time;

// Of ours, beside the rules of the corpus.
constexpr const char* kRules = R"(
title: Denied
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {errorCode: [AccessDenied, AccessDeniedException, Client.UnauthorizedOperation]}
    condition: selection
---
title: Look
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName|startswith: [List, Describe]}
    condition: selection
---
title: Create
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName|startswith: Create}
    condition: selection
---
title: Read
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName: GetObject}
    condition: selection
---
title: many denied
correlation: {type: event_count, rules: [Denied], group-by: [tocsin.principal], timespan: 5m,
    condition: {gte: 20}}
---
title: denied again and again
correlation: {type: event_count, rules: [many denied], timespan: 1h, condition: {gte: 2}}
---
title: few denied
correlation: {type: event_count, rules: [Denied], group-by: [sourceIPAddress], timespan: 10m,
    condition: {lt: 3}}
---
title: discovery
correlation: {type: value_count, rules: [Look], group-by: [tocsin.principal], timespan: 10m,
    condition: {field: eventSource, gte: 4}}
---
title: calls of a session
correlation: {type: value_count, rules: [Look, Create], group-by: [userIdentity.accessKeyId],
    timespan: 1m, window: session, condition: {field: [eventSource, eventName], gte: 5}}
---
title: much read in a quarter of an hour
correlation: {type: value_sum, rules: [Read], group-by: [sourceIPAddress], timespan: 15m,
    window: tumbling, condition: {field: additionalEventData.bytesTransferredOut, gt: 100000}}
---
title: large objects
correlation: {type: value_percentile, rules: [Read], group-by: [sourceIPAddress], timespan: 5m,
    condition: {field: additionalEventData.bytesTransferredOut, percentile: 90, gte: 1000}}
---
title: denied, then created
correlation: {type: temporal_ordered, rules: [Denied, Create], group-by: [tocsin.principal],
    timespan: 10m}
---
title: created without looking
correlation: {type: temporal, rules: [Create, Look], group-by: [tocsin.principal], timespan: 5m,
    condition: Create and not Look}
---
title: first region
correlation: {type: new_value, rules: [Look, Create, Denied], group-by: [tocsin.principal],
    field: awsRegion, learning: 1h}
---
title: first agent and network
correlation: {type: new_value, rules: [Look, Create, Denied], group-by: [tocsin.account],
    field: [userAgent, sourceIPAddress], ignore-versions: userAgent,
    prefix-length: {sourceIPAddress: true}, forget: 30d, min-known: 2}
---
title: account gone quiet
correlation: {type: silent_source, group-by: [recipientAccountId], timespan: 1d}
---
title: looking stopped
correlation: {type: silent_source, rules: [Look], group-by: [tocsin.principal], timespan: 2h}
)";

std::string text_of(const corpus::Path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<Time> time_of(const std::string& text) {
  std::tm tm{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &tm);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<Time>(timegm(&tm)) * 1'000'000'000;
}

// Events → hits, with the fields that correlations ask for.
class Finder {
 public:
  explicit Finder(const CorrelationRules& rules)
      : rules_(rules),
        every_rule_(rules.program.rules().size()),
        reader_(rules.program.fields()),
        matching_(rules.program) {
    std::iota(every_rule_.begin(), every_rule_.end(), 0u);
  }

  void add(const std::string& json, std::vector<PlainHit>& out) {
    const reference::Padded padded(json);
    if (!reader_.read(padded.view(), event_)) return;
    std::vector<program::RuleIndex> matched;
    matching_.run(event_, every_rule_, matched);
    auto tree = reference::parse_json(json);
    if (!tree) return;
    const reference::Event event(std::move(*tree));
    PlainHit hit;
    const auto time = time_of(std::string(event.json().text_of("eventTime")));
    if (!time) return;
    hit.time = *time;
    hit.event = event.json().text_of("eventID");
    constexpr std::size_t kUuid = 36;  // other ids are placeholders
    if (hit.event.size() != kUuid) hit.event = fmt::format("{:08} without a name", out.size());
    hit.source = "corpus";
    for (const std::string& field : rules_.correlations->fields()) {
      for (const auto& scalar : event.field(field).scalars) {
        if (scalar.kind != reference::Json::Kind::null) hit.fields[field].push_back(scalar.text);
      }
    }
    // Some records come twice, with one address or another in them.
    if (!seen_.emplace(hit.event, hit.fields).second && seen_[hit.event] != hit.fields) return;
    bool any = false;
    for (const program::RuleIndex rule : matched) {
      if (rules_.correlations->of_rule(rule) == correlate::Correlations::kNotCorrelated) continue;
      hit.rule = rules_.program.rules()[rule].source.meta.title;
      out.push_back(hit);
      any = true;
    }
    hit.rule.clear();
    if (!any) out.push_back(hit);
  }

 private:
  const CorrelationRules& rules_;
  std::vector<program::RuleIndex> every_rule_;
  event::EventReader reader_;
  program::Matching matching_;
  event::Event event_;
  std::map<std::string, reference::Fields> seen_;
};

}  // namespace

TEST_CASE("correlations over real events: the engine agrees with the reference") {
  const auto corpus = corpus::find("correlations over real events");
  if (!corpus) return;
  std::string yaml = kRules;
  for (const char* name : {"many_failed_logins", "iam_persistence_chain"}) {
    yaml +=
        "---\n" +
        text_of(*corpus / "rules/suzaku-aws" / (std::string("aws_cloudtrail_") + name + ".yml")) +
        "\n";
  }
  const CorrelationRules rules = load_correlations(yaml);
  for (const Diagnostic& d : rules.diagnostics.all()) {
    if (d.severity == Severity::error) FAIL_CHECK(d.at.line << ": " << d.message);
  }
  REQUIRE(rules.correlations->all().size() == rules.set->correlations.size());

  std::vector<PlainHit> hits;
  Finder finder(rules);
  for (const corpus::Path& file : corpus::event_files(*corpus)) {
    std::vector<std::string> lines = corpus::lines_of(file);
    lines.resize(std::min(lines.size(), scaled(6000)));
    for (const std::string& line : lines) finder.add(line, hits);
  }
  Random random(seed());
  const Scenario scenario = make_scenario(random, std::move(hits), {1000, 3, true, false});
  const auto start = std::chrono::steady_clock::now();
  CorrelationRun run(rules);
  play(run, scenario);
  const auto middle = std::chrono::steady_clock::now();
  const auto expected = expected_episodes(rules, run.taken(), reference::kEverythingDecided,
                                          reference::Mistake::none);
  const auto end = std::chrono::steady_clock::now();
  const auto actual = run.episodes();
  std::map<std::string, std::size_t> episodes;
  for (const auto& one : actual) ++episodes[rules.set->correlations[one.correlation].meta.title];
  std::cout << "corpus: " << scenario.hits.size() << " hits, " << actual.size() << " episodes, "
            << std::chrono::duration<double>(middle - start).count() << " s, the reference "
            << std::chrono::duration<double>(end - middle).count() << " s\n";
  for (const auto& [title, count] : episodes) std::cout << "    " << title << ": " << count << "\n";
  const auto differences = compare(rules, expected, actual);
  for (std::size_t i = 0; i < std::min<std::size_t>(differences.size(), 20); ++i) {
    std::cout << differences[i] << "\n";
  }
  CHECK(differences.empty());
  for (const std::string& complaint : run.complaints()) FAIL_CHECK(complaint);
  CHECK(episodes.size() >= 10);
}
