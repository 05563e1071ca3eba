#include "correlate/correlations.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unit/correlate/rules.h"

namespace tocsin::correlate {
namespace {

const std::string kRules = rule_yaml("a", "{eventName: A}") + rule_yaml("b", "{eventName: B}") +
                           rule_yaml("c", "{eventName: C}");

// What one correlation is compiled to.
CompiledCorrelation one(const std::string& body) {
  const Compiled compiled = compile_yaml(kRules + correlation_yaml("x", body));
  INFO(body);
  for (const Diagnostic& diagnostic : compiled.diagnostics.all()) UNSCOPED_INFO(diagnostic.message);
  REQUIRE(compiled.correlations->all().size() == 1);
  CompiledCorrelation out = compiled.correlations->all()[0];
  out.source = nullptr;
  return out;
}

std::vector<std::string> names(const Correlations& correlations, const std::vector<Slot>& slots) {
  std::vector<std::string> out;
  for (const Slot slot : slots) out.push_back(correlations.fields().at(slot));
  std::sort(out.begin(), out.end());
  return out;
}

const CompiledCorrelation& named(const Compiled& compiled, std::string_view name) {
  const auto index = compiled.correlations->find(name);
  REQUIRE(index);
  return (*compiled.correlations)[*index];
}

TEST_CASE("how and when a correlation is decided") {
  const Time minute = 60 * kSecond;
  struct Row {
    std::string body;
    Decision decision;
    Time retention;
  };
  const std::vector<Row> rows = {
      {"{type: event_count, rules: [a], timespan: 1m, condition: {gte: 3}}", Decision::rising,
       minute},
      {"{type: event_count, rules: [a], timespan: 1m, condition: {gt: 3, gte: 2}}",
       Decision::rising, minute},
      {"{type: event_count, rules: [a], timespan: 1m, condition: {gte: 3, lt: 9}}",
       Decision::frames, 2 * minute},
      {"{type: event_count, rules: [a], timespan: 1m, condition: {eq: 0}}", Decision::frames,
       2 * minute},
      {"{type: value_count, rules: [a], timespan: 1m, condition: {field: f, neq: 1}}",
       Decision::frames, 2 * minute},
      {"{type: value_sum, rules: [a], timespan: 1m, condition: {field: f, gt: 1}}",
       Decision::rising, minute},
      {"{type: value_avg, rules: [a], timespan: 1m, condition: {field: f, gt: 1}}",
       Decision::averages, minute},
      {"{type: value_median, rules: [a], timespan: 1m, condition: {field: f, lt: 1}}",
       Decision::averages, minute},
      {"{type: value_percentile, rules: [a], timespan: 1m, condition: {field: f, lt: 1, "
       "percentile: 95}}",
       Decision::averages, minute},
      {"{type: temporal, rules: [a, b], timespan: 1m}", Decision::rising, minute},
      {"{type: temporal_ordered, rules: [a, b], timespan: 1m, condition: {lt: 2}}",
       Decision::frames, 2 * minute},
      {"{type: temporal, rules: [a, b], timespan: 1m, condition: a and b}", Decision::rising,
       minute},
      {"{type: temporal, rules: [a, b], timespan: 1m, condition: a and not b}", Decision::absence,
       2 * minute},
  };
  for (const Row& row : rows) {
    const CompiledCorrelation found = one(row.body);
    INFO(row.body);
    CHECK(found.decision == row.decision);
    CHECK(found.retention == row.retention);
    CHECK(found.timespan == minute);
  }
}

TEST_CASE("boolean conditions become alternatives") {
  using Parts = std::vector<std::pair<std::vector<std::uint16_t>, std::vector<std::uint16_t>>>;
  const auto parts = [](const std::string& condition) {
    Parts out;
    for (const Alternative& each :
         one("{type: temporal, rules: [a, b, c], timespan: 1m, condition: '" + condition + "'}")
             .alternatives) {
      out.emplace_back(each.must, each.must_not);
    }
    return out;
  };
  CHECK(parts("a and b and c") == Parts{{{0, 1, 2}, {}}});
  CHECK(parts("a and (b or c)") == Parts{{{0, 1}, {}}, {{0, 2}, {}}});
  CHECK(parts("a and not (b or c)") == Parts{{{0}, {1, 2}}});
  CHECK(parts("a and not (b and not c)") == Parts{{{0}, {1}}, {{0, 2}, {}}});
  CHECK(parts("c and b or b and c or a") == Parts{{{0}, {}}, {{1, 2}, {}}});
  CHECK(parts("(a or b) and c and not b") == Parts{{{0, 2}, {1}}});
}

TEST_CASE("each input has the fields of the group and of the value under its own names") {
  const Compiled compiled = compile_yaml(
      kRules +
      correlation_yaml("x",
                       "{type: value_count, rules: [a, Rule b], timespan: 1m, group-by: [who, "
                       "account], aliases: {who: {Rule a: userIdentity.arn, b: sourceIPAddress}}, "
                       "condition: {field: [region, who], gte: 2}}"));
  REQUIRE(compiled.correlations->all().size() == 1);
  const Correlations& all = *compiled.correlations;
  const CompiledCorrelation& found = all[0];
  REQUIRE(found.inputs.size() == 2);
  CHECK(found.positions == 2);
  const auto path = [&](Slot slot) { return all.fields().at(slot); };
  CHECK(path(found.inputs[0].group_by.at(0)) == "userIdentity.arn");
  CHECK(path(found.inputs[0].group_by.at(1)) == "account");
  CHECK(path(found.inputs[0].value.at(0)) == "region");
  CHECK(path(found.inputs[0].value.at(1)) == "userIdentity.arn");
  CHECK(path(found.inputs[1].group_by.at(0)) == "sourceIPAddress");
  CHECK(path(found.inputs[1].value.at(1)) == "sourceIPAddress");
  REQUIRE(all.rules().size() == 2);
  CHECK(names(all, all.rules()[0].slots) ==
        std::vector<std::string>{"account", "region", "userIdentity.arn"});
  CHECK(all.of_rule(all.rules()[1].rule) == 1);
  CHECK(all.of_rule(2) == Correlations::kNotCorrelated);  // rule c
  CHECK(Correlations().of_rule(2) == Correlations::kNotCorrelated);
}

const std::string kChain =
    // The parent stands before its children.
    correlation_yaml("top",
                     "{type: temporal_ordered, rules: [left, c], timespan: 1h, group-by: [who]}") +
    kRules +
    correlation_yaml("left",
                     "{type: event_count, rules: [middle], timespan: 10m, group-by: [account], "
                     "condition: {gte: 2}}") +
    correlation_yaml("middle",
                     "{type: event_count, rules: [a, b], timespan: 1m, group-by: [region], "
                     "condition: {gte: 2}, generate: true}");

TEST_CASE("children come before their parents, whose fields are read of the rules below") {
  const Compiled compiled = compile_yaml(kChain);
  const Correlations& all = *compiled.correlations;
  REQUIRE(all.all().size() == 3);
  CHECK(all.find("middle") == CorrelationIndex{0});
  CHECK(all.find("Correlation left") == CorrelationIndex{1});
  CHECK(all.find("top") == CorrelationIndex{2});
  CHECK_FALSE(all.find("a"));
  CHECK_FALSE(all.find(""));
  const auto slots = [&](const std::string& rule) {
    for (const CorrelatedRule& each : all.rules()) {
      if (compiled.program.rules()[each.rule].source.meta.name == rule) {
        return names(all, each.slots);
      }
    }
    return std::vector<std::string>{"none"};
  };
  CHECK(slots("a") == std::vector<std::string>{"account", "region", "who"});
  CHECK(slots("b") == std::vector<std::string>{"account", "region", "who"});
  CHECK(slots("c") == std::vector<std::string>{"who"});
  REQUIRE(all.parents(0).size() == 1);
  CHECK(all.parents(0)[0].correlation == 1);
  CHECK(all.parents(2).empty());

  CHECK(named(compiled, "middle").silent);  // `left` does not say `generate`
  CHECK(named(compiled, "middle").has_parents);
  CHECK(named(compiled, "left").silent);
  CHECK_FALSE(named(compiled, "top").silent);
  CHECK_FALSE(named(compiled, "top").has_parents);
  CHECK(named(compiled, "top").facts->title == "Correlation top");
  CHECK(named(compiled, "top").facts->level == "high");
}

TEST_CASE("a parent that says `generate` leaves its children their voice") {
  const Compiled compiled = compile_yaml(
      kRules +
      correlation_yaml("in", "{type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}") +
      correlation_yaml("out",
                       "{type: event_count, rules: [in], timespan: 1m, condition: {gte: 2}, "
                       "generate: true}"));
  CHECK_FALSE(named(compiled, "in").silent);
  CHECK(named(compiled, "in").has_parents);
}

TEST_CASE("what refers to a rule that did not compile is left out, and what refers to that") {
  const Compiled compiled = compile_yaml(
      kRules + rule_yaml("broken", "{a|re: '(?=x)'}") +
      correlation_yaml("x",
                       "{type: event_count, rules: [a, broken], timespan: 1m, condition: {gte: "
                       "2}}") +
      correlation_yaml("y", "{type: event_count, rules: [x], timespan: 1m, condition: {gte: 2}}") +
      correlation_yaml("z", "{type: event_count, rules: [b], timespan: 1m, condition: {gte: 2}}"));
  REQUIRE(compiled.correlations->all().size() == 1);
  CHECK(compiled.correlations->find("z"));
  REQUIRE(compiled.diagnostics.all().size() == 2);
  const Diagnostic& first = compiled.diagnostics.all()[0];
  CHECK(first.code == "K801");
  CHECK(first.file == "rules.yml");
  CHECK(first.at.line != 0);
  CHECK(
      first.message ==
      "the correlation `Correlation x` is left out: its rule `broken` could not be compiled; mend "
      "that rule first");
  CHECK(compiled.diagnostics.all()[1].message ==
        "the correlation `Correlation y` is left out: the correlation `x`, which it refers to, is "
        "left out itself");
  // Nobody takes the hits of `a` now.
  CHECK(compiled.correlations->of_rule(0) == Correlations::kNotCorrelated);
}

TEST_CASE("a silent source without rules takes everything") {
  const Compiled compiled = compile_yaml(
      kRules +
      correlation_yaml("some", "{type: silent_source, rules: [a], timespan: 1h, group-by: [x]}") +
      correlation_yaml("all",
                       "{type: silent_source, timespan: 1h, group-by: [recipientAccountId, "
                       "tocsin.source]}"));
  const Correlations& all = *compiled.correlations;
  REQUIRE(all.all().size() == 2);
  REQUIRE(all.watching_all() == std::vector<CorrelationIndex>{1});
  CHECK(all[0].decision == Decision::silence);
  REQUIRE(all[1].inputs.size() == 1);
  CHECK(all[1].inputs[0].kind == Input::Kind::everything);
  CHECK(names(all, all[1].inputs[0].group_by) ==
        std::vector<std::string>{"recipientAccountId", std::string(kSourceField)});
  CHECK(all[0].key != all[1].key);
  CHECK(all.finder(all.finders()[all.heard_by(1)].key) == all.heard_by(1));
}

TEST_CASE("a rule that is listed again is an input again in temporal correlations only") {
  CHECK(one("{type: event_count, rules: [a, b, Rule a], timespan: 1m, condition: {gte: 2}}")
            .inputs.size() == 2);
  CHECK(one("{type: temporal_ordered, rules: [a, b, Rule a], timespan: 1m}").inputs.size() == 3);
}

TEST_CASE("time spans that times cannot be computed with are refused") {
  const Compiled compiled = compile_yaml(
      kRules +
      correlation_yaml("x",
                       "{type: event_count, rules: [a], timespan: 20000d, condition: {gte: "
                       "2}}"));
  CHECK(compiled.correlations->empty());
  REQUIRE(compiled.diagnostics.all().size() == 1);
  CHECK(compiled.diagnostics.all()[0].code == "K803");
}

TEST_CASE("a name that is an alias of an input only is warned of") {
  const Compiled compiled = compile_yaml(
      kRules +
      correlation_yaml("in",
                       "{type: event_count, rules: [a, b], timespan: 1m, group-by: [who], aliases: "
                       "{who: {a: x, b: y}}, condition: {gte: 2}}") +
      correlation_yaml("out",
                       "{type: event_count, rules: [in], timespan: 1m, group-by: [who], condition: "
                       "{gte: 2}}"));
  CHECK(compiled.correlations->all().size() == 2);
  REQUIRE(compiled.diagnostics.all().size() == 1);
  CHECK(compiled.diagnostics.all()[0].code == "K805");
  CHECK(compiled.diagnostics.all()[0].severity == Severity::warning);
}

TEST_CASE("the key changes with the meaning and with nothing else") {
  const auto key = [](const std::string& body) { return one(body).key; };
  const std::string base =
      "{type: event_count, rules: [a], timespan: 5m, group-by: [x], condition: {gte: 3}}";
  CHECK(key(base) == key(base));
  for (const std::string other : {
           "{type: event_count, rules: [b], timespan: 5m, group-by: [x], condition: {gte: 3}}",
           "{type: event_count, rules: [a, b], timespan: 5m, group-by: [x], condition: {gte: 3}}",
           "{type: event_count, rules: [a], timespan: 6m, group-by: [x], condition: {gte: 3}}",
           "{type: event_count, rules: [a], timespan: 5m, group-by: [y], condition: {gte: 3}}",
           "{type: event_count, rules: [a], timespan: 5m, group-by: [x], condition: {gt: 3}}",
           "{type: event_count, rules: [a], timespan: 5m, group-by: [x], condition: {gte: 4}}",
           "{type: value_sum, rules: [a], timespan: 5m, group-by: [x], condition: {gte: 3, field: "
           "x}}",
           "{type: event_count, rules: [a], timespan: 5m, group-by: [x], condition: {gte: 3}, "
           "aliases: {x: {a: y}}}",
       }) {
    INFO(other);
    CHECK(key(base) != key(other));
  }
  CHECK(key(base) ==
        key("{type: event_count, rules: [a], timespan: 5m, group-by: [x], condition: {gte: 3}, "
            "generate: true}"));

  const auto find = [](const std::string& yaml, const char* name) {
    return named(compile_yaml(yaml), name).key;
  };
  std::string other = kChain;
  other.replace(other.find("eventName: A"), 12, "eventName: Z");
  for (const char* name : {"middle", "left", "top"}) CHECK(find(kChain, name) != find(other, name));
  other = kChain;
  other.replace(other.find("timespan: 1h"), 12, "timespan: 2h");
  CHECK(find(kChain, "left") == find(other, "left"));
  CHECK(find(kChain, "top") != find(other, "top"));
}

TEST_CASE("two correlations of one meaning have two keys") {
  const std::string body = "{type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}";
  const Compiled compiled =
      compile_yaml(kRules + correlation_yaml("x", body) + correlation_yaml("y", body));
  CHECK(named(compiled, "x").key != named(compiled, "y").key);
}

// Keys by name.
struct Keys {
  std::map<std::string, Key> rules, correlations;
  bool operator==(const Keys&) const = default;
};

Keys keys_of(const std::string& yaml, const std::vector<std::string>& admins) {
  sigma::Lists lists;
  lists.set("admins", admins);
  const Compiled compiled = compile_yaml(yaml, lists);
  Keys out;
  for (const CorrelatedRule& rule : compiled.correlations->rules()) {
    out.rules[rule.source->meta.name] = rule.key;
  }
  for (const CompiledCorrelation& correlation : compiled.correlations->all()) {
    out.correlations[correlation.source->meta.name] = correlation.key;
  }
  CHECK(out.rules.size() == 2);
  CHECK(out.correlations.size() == 2);
  return out;
}

const std::string kListed = rule_yaml("listed", "{user|expand: '%admins%', eventName: [A, B]}");
const std::string kOther = rule_yaml("other", "{eventName: C}");
const std::string kBelow = correlation_yaml(
    "below", "{type: event_count, rules: [listed], timespan: 1m, condition: {gte: 2}}");
const std::string kAbove =
    correlation_yaml("above", "{type: temporal, rules: [below, other], timespan: 1h}");
const std::string kFilter =
    "title: Not C\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n    rules: [listed]\n"
    "    f: {user: carol}\n    condition: not f\n---\n";
const std::vector<std::string> kAdmins = {"alice", "bob"};

std::string with(std::string text, const std::string& from, const std::string& to) {
  REQUIRE(text.find(from) != std::string::npos);
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("keys stay when only prose or the place of a document changes") {
  const std::string all = kListed + kOther + kBelow + kAbove + kFilter;
  const Keys keys = keys_of(all, kAdmins);
  const std::string rule = "title: Rule listed\n", correlation = "title: Correlation below\n";
  for (const std::string& same : {
           kFilter + kAbove + kBelow + kOther + kListed,
           with(all, rule, "title: Renamed\n"),
           with(all, rule, rule + "description: new\nlevel: high\ntags: [attack.impact]\n# why\n"),
           with(all, rule, "\n\n# A comment.\n" + rule),
           with(all, correlation, "title: Renamed\ndescription: new\nauthor: me\n"),
           with(all, "level: high\ncorrelation: {type: event_count",
                "level: low\ncorrelation: {type: event_count"),
           with(all, "title: Not C", "title: Another name"),
       }) {
    INFO(same);
    CHECK(keys_of(same, kAdmins) == keys);
  }
  CHECK(keys_of(all, {"bob", "alice"}) == keys);
}

TEST_CASE("keys change with a value, a list, a filter, a condition and a time span") {
  const std::string all = kListed + kOther + kBelow + kAbove + kFilter;
  const Keys keys = keys_of(all, kAdmins);
  const auto check_rule_changed = [&](const Keys& now) {
    CHECK(now.rules.at("listed") != keys.rules.at("listed"));
    CHECK(now.rules.at("other") == keys.rules.at("other"));
    for (const char* name : {"below", "above"}) {
      CHECK(now.correlations.at(name) != keys.correlations.at(name));
    }
  };
  check_rule_changed(keys_of(with(all, "[A, B]", "[A, D]"), kAdmins));
  check_rule_changed(keys_of(with(all, "condition: s", "condition: not s"), kAdmins));
  check_rule_changed(keys_of(all, {"alice", "bob", "dave"}));
  check_rule_changed(keys_of(with(all, "{user: carol}", "{user: dave}"), kAdmins));
  check_rule_changed(keys_of(kListed + kOther + kBelow + kAbove, kAdmins));

  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"timespan: 1m", "timespan: 2m"}, {"gte: 2", "gte: 3"}}) {
    const Keys now = keys_of(with(all, from, to), kAdmins);
    CHECK(now.rules == keys.rules);
    for (const char* name : {"below", "above"}) {
      CHECK(now.correlations.at(name) != keys.correlations.at(name));
    }
  }
}

TEST_CASE("rules and correlations of one meaning have their own keys, in whatever order") {
  const std::string body = "{type: event_count, rules: [a, b], timespan: 1m, condition: {gte: 2}}";
  const std::vector<std::string> documents = {
      rule_yaml("a", "{eventName: A}"), rule_yaml("b", "{eventName: A}"),
      correlation_yaml("x", body), correlation_yaml("y", body)};
  const Keys keys = keys_of(documents[0] + documents[1] + documents[2] + documents[3], {});
  CHECK(keys.rules.at("a") != keys.rules.at("b"));
  CHECK(keys.correlations.at("x") != keys.correlations.at("y"));
  const std::string other = documents[3] + documents[2] + documents[1] + documents[0];
  CHECK(keys_of(other, {}) == keys);
}

}  // namespace
}  // namespace tocsin::correlate
