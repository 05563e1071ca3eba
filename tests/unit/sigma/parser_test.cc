#include <catch2/catch.hpp>
#include <string>

#include "support.h"

namespace tocsin::sigma {
namespace {

constexpr std::string_view kFull = R"(title: Console login without MFA
id: 6f3e2987-db24-4c78-a860-b4f4095a7095
name: login_without_mfa
related:
    - id: df0841c0-9846-4e9f-ad8a-7df91571771b
      type: derived
taxonomy: sigma
status: Experimental
description: |
    Two lines,
    one paragraph
license: MIT
references:
    - https://example.org/a
author: A, B
date: 2024-01-31
modified: 2024/2/1
tags: [attack.t1078]
logsource:
    product: aws
    service: cloudtrail
    definition: all regions
detection:
    selection:
        eventName: ConsoleLogin
        userIdentity.type|contains:
            - User
            - Root
    any_of_two:
        - a: 1
          b: true
        - c|re: ^x
    keywords:
        - one
        - 2
    mixed:
        - plain
        - d: null
        - [e, f]
    empty:
        g: []
    _hidden: single
    condition:
        - selection and any_of_two
        - keywords or mixed or empty
fields: [sourceIPAddress]
falsepositives: [none]
level: HIGH
scope: [server]
regression: {path: x/y, runs: 3}
)";

TEST_CASE("a rule with everything in it") {
  const Parsed parsed = parse(kFull);
  CHECK(summary(parsed.diagnostics) == "W603 17:11+8");
  REQUIRE(parsed.set.rules.size() == 1);
  const Rule& rule = parsed.set.rules[0];
  const Meta& meta = rule.meta;
  CHECK(meta.title == "Console login without MFA");
  CHECK(meta.id == "6f3e2987-db24-4c78-a860-b4f4095a7095");
  CHECK(meta.name == "login_without_mfa");
  CHECK(meta.status == "experimental");
  CHECK(meta.level == "high");
  CHECK(meta.description == "Two lines,\none paragraph\n");
  CHECK(meta.author == "A, B");
  CHECK(meta.date == "2024-01-31");
  CHECK(meta.modified == "2024/2/1");
  CHECK(meta.license == "MIT");
  CHECK(meta.taxonomy == "sigma");
  CHECK(meta.references == std::vector<std::string>{"https://example.org/a"});
  CHECK(meta.tags == std::vector<std::string>{"attack.t1078"});
  CHECK(meta.fields == std::vector<std::string>{"sourceIPAddress"});
  CHECK(meta.falsepositives == std::vector<std::string>{"none"});
  CHECK(meta.scope == std::vector<std::string>{"server"});
  REQUIRE(meta.related.size() == 1);
  CHECK(meta.related[0].type == "derived");
  REQUIRE(meta.custom.size() == 1);
  CHECK(meta.custom[0].name == "regression");
  CHECK(meta.custom[0].json == R"({"path":"x/y","runs":3})");
  CHECK(meta.file == "test.yml");
  CHECK(meta.at.line == 1);
  CHECK(meta.at.column == 8);
  CHECK(meta.hash.size() == 16);
  CHECK(rule.logsource.product == "aws");
  CHECK(rule.logsource.definition == "all regions");
  CHECK(rule.conditions.size() == 2);

  REQUIRE(rule.detections.size() == 6);
  const auto at = [&](std::size_t i) -> const Detection& { return rule.detections[i].detection; };
  CHECK(rule.detections[0].name == "selection");
  REQUIRE(at(0).items.size() == 2);
  CHECK(at(0).items[1].field == "userIdentity.type");
  CHECK(at(0).items[1].has(Modifier::contains));
  CHECK(at(0).items[1].values.size() == 2);
  CHECK(at(0).items[1].values[1].text == "Root");
  CHECK(at(0).items[1].values[1].at.line == 28);

  REQUIRE(at(1).groups.size() == 2);
  CHECK(at(1).items.empty());
  CHECK(at(1).groups[0].items.size() == 2);
  CHECK(at(1).groups[0].items[0].values[0].kind == Value::Kind::integer);
  CHECK(at(1).groups[0].items[1].values[0].kind == Value::Kind::boolean);

  REQUIRE(at(2).items.size() == 1);
  CHECK(at(2).items[0].field.empty());
  CHECK(at(2).items[0].values.size() == 2);

  REQUIRE(at(3).groups.size() == 3);
  CHECK(at(3).groups[0].items[0].values[0].text == "plain");
  CHECK(at(3).groups[1].items[0].values[0].kind == Value::Kind::null);
  CHECK(at(3).groups[2].items[0].values.size() == 2);

  CHECK(at(4).items[0].values.empty());
  CHECK(at(5).items[0].values[0].text == "single");
}

TEST_CASE("what is wrong with a document is reported with its place, all of it") {
  struct Case {
    const char* text;
    const char* summary;
  };
  const Case kCases[] = {
      {"- a\n", "S101 1:1+1"},
      {"title: x\n", "S102 1:8+1; S102 1:8+1"},
      {"logsource: {product: x}\ndetection: {a: {b: c}, condition: a}\n", "S102 1:1+1"},
      {"title: 5\nlogsource: {product: 5}\ndetection: {a: {b: c}, condition: a}\n",
       "S103 1:8+1 '5'; S103 2:22+1 '5'"},
      {"title: ''\nlogsource: {}\ndetection: []\n", "S106 1:1+5; S107 2:1+9; S103 3:1+9"},
      {"title: x\nlogsource: {definition: x}\ndetection: {a: {b: c}, condition: a}\n",
       "S107 2:1+9"},
      {"title: x\nlogsource: aws\ndetection: {condition: a}\n", "S103 2:1+9; S108 3:1+9"},
      {"title: x\nlogsource: {product: a}\ndetection: {a: {b: c}}\n", "S102 3:1+9"},
      {"title: x\nlogsource: {product: a}\ndetection: {a: {b: c}, condition: }\n", "S103 3:24+9"},
      {"title: x\nlogsource: {product: a}\ndetection: {a: {b: c}, condition: []}\n", "S106 3:24+9"},
      {"title: x\nlogsource: {product: a}\ndetection: {a: {}, b: [], c: , condition: a}\n",
       "S108 3:16+1; S108 3:23+1; S108 3:27+1"},
      {"title: x\ntags: {a: b}\nreferences: [[x]]\nlogsource: {product: a}\n"
       "detection: {a: {b: c}, condition: a}\n",
       "S103 2:1+4; S103 3:14+1"},
      {"title: x\nfilter: {}\ncorrelation: {}\n", "S111 2:1+6"},
      {"title: x\ndetection: {}\ncorrelation: {}\n", "S111 2:1+9"},
      {"title: x\nid: 5\nlevel: hgih\nstatus: tset\ndate: 2024-02-30\nmodified: soon\n"
       "related: x\nlogsource: {product: a}\ndetection: {a: {b: c}, condition: a}\n",
       "S103 2:5+1 '5'; S104 3:8+4 high; S104 4:9+4 test; S105 5:7+10; S105 6:11+4; S103 7:1+7"},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const Parsed parsed = parse(c.text);
    CHECK(summary(parsed.diagnostics) == c.summary);
    CHECK(parsed.set.rules.empty());
    CHECK(parsed.stats.documents == 1);
    CHECK(parsed.stats.rejected == 1);
  }
}

TEST_CASE("lints do not reject a rule") {
  struct Case {
    const char* extra;
    const char* codes;
  };
  const Case kCases[] = {
      {"tags: [nonamespace]", "W604"},
      {"tags: attack.t1", "W606"},
      {"referances: [x]", "W607"},
      {"something_else: [x]", ""},
      {"date: 2024/01/31", "W603"},
      {"date: 2024-01-31T10:00:00Z", ""},
      {"references:", ""},
  };
  for (const Case& c : kCases) {
    INFO(c.extra);
    const Parsed parsed = parse(rule_with_item("f: x") + c.extra + "\n");
    CHECK(codes(parsed.diagnostics) == c.codes);
    CHECK(parsed.set.rules.size() == 1);
  }
  const Parsed bare =
      parse("title: " + std::string(257, 'x') +
            "\nid: no-uuid\nlogsource: {prodct: aws, service: s}\n"
            "detection: {a: {b: c}, unused: {b: c}, _unused: x, timeframe: 5m, condition: a}\n");
  CHECK(codes(bare.diagnostics) == "W605 W602 W607 W618 W609 W601");
  CHECK(bare.set.rules.size() == 1);
}

TEST_CASE("one bad document leaves the others") {
  const std::string good = rule_with_item("f: x");
  const Parsed parsed = parse(good + "---\ntitle: bad\n---\n" + good);
  CHECK(parsed.set.rules.size() == 2);
  CHECK(parsed.stats.documents == 3);
  CHECK(parsed.stats.rejected == 1);
}

TEST_CASE("global, repeat and reset") {
  const Parsed parsed = parse(R"(action: global
title: Shared
id: 6f3e2987-db24-4c78-a860-b4f4095a7095
level: low
logsource: {product: aws}
detection:
  shared: {f: x}
  condition: shared and 1 of own*
---
detection:
  own1: {g: y}
---
title: lost to the global one
detection:
  own2: {h: z}
---
action: repeat
detection:
  own3: {i: 1}
---
action: reset
---
title: Alone
id: df0841c0-9846-4e9f-ad8a-7df91571771b
level: low
logsource: {product: gcp}
detection: {a: {b: c}, condition: a}
)");
  CHECK(summary(parsed.diagnostics).empty());
  CHECK(parsed.stats.documents == 4);
  REQUIRE(parsed.set.rules.size() == 4);
  const auto names = [&](std::size_t i) {
    std::string out;
    for (const NamedDetection& d : parsed.set.rules[i].detections) out += d.name + " ";
    return parsed.set.rules[i].meta.title + ": " + out;
  };
  CHECK(names(0) == "Shared: own1 shared ");
  CHECK(names(1) == "Shared: own2 shared ");
  CHECK(names(2) == "Shared: own2 shared own3 ");
  CHECK(names(3) == "Alone: a ");
  CHECK(parsed.set.rules[0].meta.hash != parsed.set.rules[1].meta.hash);
  CHECK(parsed.set.rules[1].meta.hash != parsed.set.rules[2].meta.hash);

  CHECK(summary(parse("action: globl\ntitle: x\n---\na: b\n").diagnostics)
            .starts_with("S110 1:9+5 global"));
  CHECK(summary(parse("action: repeat\ntitle: x\n---\naction: reset\n").diagnostics) ==
        "S110 1:9+6");
}

TEST_CASE("the hash follows the document's own text") {
  const std::string text = rule_with_item("f: x");
  const auto hash = [](const Parsed& parsed, std::size_t i) {
    return parsed.set.rules[i].meta.hash;
  };
  const Parsed one = parse(text);
  const Parsed two = parse(text + "---\n" + rule_with_item("f: y"));
  CHECK(hash(one, 0) == hash(two, 0));
  CHECK(hash(two, 0) != hash(two, 1));
}

// A file that is read while it is written, or an interrupted copy: never another rule.
TEST_CASE("a rule cut at any byte is an error or the same rule") {
  const std::string plain = rule_with_item("f: [a, 'b', \"c\"]");
  const std::string sequences = rule_with(
      "  sel_a:\n    - f|contains:\n        - 'a'\n        - \"b\"\n    - g: x\n"
      "  condition: 1 of sel_*\n");
  for (const std::string& text : {std::string(kFull), plain, sequences}) {
    const Parsed whole = parse(text);
    REQUIRE(whole.set.rules.size() == 1);
    std::size_t accepted = 0;
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      const Parsed part = parse(text.substr(0, cut));
      if (part.set.rules.empty()) {
        CHECK((part.diagnostics.has_errors() || part.stats.documents == 0));
        continue;
      }
      // Without an end mark, a file that ends between two attributes or after a word of the
      // condition is complete YAML. The detections are whole even then, and a condition that has
      // lost something leaves search identifiers unused, which is told.
      ++accepted;
      CHECK(part.set.rules[0].detections.size() == whole.set.rules[0].detections.size());
      CHECK_FALSE(part.diagnostics.has_errors());
      INFO(text.substr(0, cut));
      const std::string told = codes(part.diagnostics);
      const bool same = meaning(part.set.rules[0]) == meaning(whole.set.rules[0]);
      CHECK((same || told.find("W609") != std::string::npos));
    }
    INFO(text);
    CHECK(accepted < text.size());
  }
}

TEST_CASE("a relation as Sigma 1 spells it does not cost the rule") {
  const Parsed parsed = parse(
      "title: x\nrelated:\n  - {id: a, type: Obsoletes}\nlogsource: {product: a}\n"
      "detection: {a: {b: c}, condition: a}\n");
  CHECK(summary(parsed.diagnostics).starts_with("W618 3:19+9 obsolete;"));
  REQUIRE(parsed.set.rules.size() == 1);
  CHECK(parsed.set.rules[0].meta.related[0].type == "obsolete");
}

}  // namespace
}  // namespace tocsin::sigma
