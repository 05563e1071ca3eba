// What Slack is told, read back: every limit of Block Kit holds, and nothing in a text is active.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "alert/correlation.h"
#include "base/text.h"
#include "contract/notifiers/kit.h"
#include "contract/notifiers/server.h"
#include "differential/reference/json_dom.h"

namespace tocsin::contract {
namespace {

using deliver::Outcome;
using reference::Json;
using Kind = Outcome::Kind;

// In UTF-16 units, counted the obvious way.
std::size_t units(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) count += byte >= 0xF0 ? 2u : 1u;
  }
  return count;
}

// What is left of mrkdwn when its code spans are taken out. An odd backtick is reported.
std::string without_code(const std::string& text) {
  std::string out;
  bool inside = false;
  for (const char c : text) {
    if (c == '`') inside = !inside;
    if (c != '`' && !inside) out += c;
  }
  CHECK_FALSE(inside);
  return out;
}

// Reads a payload back and adds up what it finds.
class Reader {
 public:
  // `marker`: in every text that came from outside. `links`: that may be linked to.
  Reader(std::string marker, std::set<std::string> links)
      : marker_(std::move(marker)), links_(std::move(links)) {}

  void read(const std::string& payload) {
    const auto json = reference::parse_strict_json(payload, 100);
    REQUIRE(json.has_value());
    REQUIRE(json->find("text") != nullptr);
    plain(json->find("text")->text, 4000);
    CHECK(json->find("mrkdwn")->text == "false");
    blocks(json->find("blocks"));
    const Json* attachments = json->find("attachments");
    REQUIRE(attachments != nullptr);
    for (const Json& attachment : attachments->elements) {
      CHECK(std::regex_match(std::string(attachment.text_of("color")), std::regex("#[0-9a-f]{6}")));
      blocks(attachment.find("blocks"));
    }
    CHECK(blocks_ <= 50);
    CHECK(blocks_ >= 2);
    CHECK(total_ <= 12'000);
  }

  std::size_t total() const { return total_; }
  std::size_t linked() const { return linked_; }
  const std::string& text() const { return all_; }

 private:
  void blocks(const Json* list) {
    REQUIRE(list != nullptr);
    REQUIRE_FALSE(list->elements.empty());
    for (const Json& block : list->elements) {
      ++blocks_;
      const std::string_view type = block.text_of("type");
      if (type == "header") {
        CHECK(block.find("text")->text_of("type") == "plain_text");
        object(*block.find("text"), 150);
      } else if (type == "section") {
        const Json* fields = block.find("fields");
        REQUIRE((block.find("text") != nullptr || fields != nullptr));
        if (const Json* text = block.find("text")) object(*text, 3000);
        if (fields == nullptr) continue;
        CHECK((!fields->elements.empty() && fields->elements.size() <= 10));
        for (const Json& field : fields->elements) object(field, 2000);
      } else {
        CHECK(type == "context");
        const Json* elements = block.find("elements");
        REQUIRE(elements != nullptr);
        CHECK((!elements->elements.empty() && elements->elements.size() <= 10));
        for (const Json& element : elements->elements) object(element, 3000);
      }
    }
  }

  void object(const Json& text, std::size_t limit) {
    const std::string value(text.text_of("text"));
    if (text.text_of("type") == "plain_text") {
      CHECK(text.text_of("emoji") == "false");
      plain(value, limit);
    } else {
      CHECK(text.text_of("type") == "mrkdwn");
      CHECK(text.text_of("verbatim") == "true");
      mrkdwn(value, limit);
    }
  }

  void any(const std::string& value, std::size_t limit) {
    INFO(value);
    CHECK_FALSE(value.empty());
    CHECK(units(value) <= limit);
    CHECK(text::find_invalid_utf8(value) == std::string::npos);
    bool printable = true;
    for (std::size_t at = 0; at < value.size();) {
      const char32_t c = text::next_code_point(value, at);
      const bool control = (c < 0x20 && c != U'\n') || c == 0x7F || (c >= 0x80 && c < 0xA0);
      const bool bidi = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
      printable = printable && !control && !bidi;
    }
    CHECK(printable);
    static const std::regex kEntity("&(?!(amp|lt|gt);)");
    CHECK_FALSE(std::regex_search(value, kEntity));
    total_ += units(value);
    all_ += value + "\n";
  }

  void plain(const std::string& value, std::size_t limit) {
    any(value, limit);
    CHECK(value.find_first_of("<>") == std::string::npos);
  }

  void mrkdwn(const std::string& value, std::size_t limit) {
    any(value, limit);
    static const std::regex kDate(
        R"(<!date\^[1-9][0-9]{0,11}\^\{date_short_pretty\} \{time_secs\}\|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC>)");
    static const std::regex kLink(R"(<(https?://[^<>|`*~\s"]+)\|([^<>|`*_~]*)>)");
    std::string rest = std::regex_replace(value, kDate, "");
    for (std::sregex_iterator i(rest.begin(), rest.end(), kLink), end; i != end; ++i) {
      INFO(i->str(1));
      CHECK(links_.contains(i->str(1)));
      ++linked_;
    }
    rest = std::regex_replace(rest, kLink, "");
    CHECK(rest.find_first_of("<>") == std::string::npos);
    // What came from outside stands in code spans only.
    rest = without_code(rest);
    if (!marker_.empty()) CHECK(rest.find(marker_) == std::string::npos);
  }

  const std::string marker_;
  const std::set<std::string> links_;
  std::size_t blocks_ = 0, total_ = 0, linked_ = 0;
  std::string all_;
};

std::unique_ptr<deliver::Notifier> slack() {
  return made(setups()[0], "https://hooks.slack.com/services/T/B/X");
}

const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> kTexts = [] {
    std::vector<std::string> out;
    for (const std::string_view body : {"<!channel>",
                                        "<!here>",
                                        "<@U123>",
                                        "<!subteam^S1|x>",
                                        "<#C1>",
                                        "<https://x.example|click>",
                                        "https://x.example/bare",
                                        "@channel",
                                        "#general",
                                        ":skull:",
                                        "*b* _i_ ~s~ `c` ```p```",
                                        "`` ` <!channel> ` ``",
                                        "&lt;!channel&gt;",
                                        "&",
                                        "&amp",
                                        "<!date^1^{date}|x>",
                                        "\n> quote\n- list",
                                        "\xE2\x80\xAE gpj.exe",
                                        "\xE2\x81\xA6",
                                        "\x1b[2J\r\n\t\x7F\xC2\x85",
                                        "\xFF\xFE\xC3",
                                        "\xED\xA0\x80",
                                        "\xF0\x9F\x92\xA3",
                                        " ",
                                        "javascript:alert(1)",
                                        "x|y>z",
                                        "\"}],\"text\":\"",
                                        "\\u0000\\",
                                        "{{X}}%s{}"}) {
      out.push_back("EVIL" + std::string(body) + "EVIL");
    }
    out.push_back(std::string("EVIL\0EVIL", 9));
    for (const std::string_view piece :
         {"<", "&", "`", "EVIL", "\xF0\x9F\x92\xA3", "\x01", "\xFF", "\n", "&amp;", "e\xCC\x81"}) {
      std::string text = "EVIL";
      while (text.size() < 20'000) text += piece;
      out.push_back(text);
    }
    out.push_back("EVIL" + std::string(1 << 20, 'A'));
    return out;
  }();
  return kTexts;
}

// Links that hostile() asks for and that are links.
std::set<std::string> allowed_links(const std::string& text) {
  std::set<std::string> out;
  for (const std::string& prefix : {std::string("https://"), std::string("https://example.org/")}) {
    std::string url;
    for (const char c : prefix + text) {
      if (std::string_view("<>|\"`*~\\^{} ").find(c) != std::string_view::npos) {
        url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      } else if (c == '&') {
        url += "&amp;";
      } else {
        url += c;
      }
    }
    out.insert(url);
  }
  out.insert(text);
  return out;
}

TEST_CASE("Slack: no text can mention, link, format or break a limit") {
  const auto notifier = slack();
  for (const std::string& text : hostile_texts()) {
    INFO(text.substr(0, 60));
    for (const alert::Alert& alert : {hostile(text), hostile_correlation(text)}) {
      Reader reader("EVIL", allowed_links(text));
      reader.read(notifier->preview(notification({item(alert, "k3y")})));
      CHECK(reader.text().find("EVIL") != std::string::npos);
    }
  }
}

TEST_CASE("Slack: an alert with nothing in it is a message too") {
  alert::Alert empty = hostile("");
  empty.identity_kind.clear(), empty.mfa.clear(), empty.source_ip_kind.clear();
  empty.detected_at.clear(), empty.count = 0;
  empty.rule = std::make_shared<alert::RuleFacts>();
  empty.matched = {};
  Reader reader("", {});
  reader.read(slack()->preview(notification({item(empty, "k3y")})));
  reader.read(slack()->preview(notification({item(empty, "k1"), item(empty, "k2")})));
  empty.correlation = std::make_shared<const alert::CorrelationFacts>();
  reader.read(slack()->preview(notification({item(empty, "k3y")})));
  reader.read(slack()->preview(notification({item(empty, "k1"), item(empty, "k2")})));
}

TEST_CASE("Slack: of many events the first and the last are shown, and how many there are") {
  alert::Alert alert = hostile("x");
  alert::CorrelationFacts facts;
  facts.type = "event_count";
  facts.condition = "≥ 20";
  facts.measure = 120;
  facts.hits = 120;
  for (int i = 0; i < 20; ++i) {
    alert::CorrelatedEvent event;
    event.event_name = fmt::format("Call{:02}", i);
    facts.events.push_back(event);
  }
  alert.correlation = std::make_shared<const alert::CorrelationFacts>(facts);
  Reader reader("", allowed_links("x"));
  reader.read(slack()->preview(notification({item(alert, "k3y")})));
  const std::string& text = reader.text();
  for (const char* shown :
       {"Call00", "Call03", "Call16", "Call19", "the last of 120", "120 events", "≥ 20"}) {
    INFO(shown);
    CHECK(text.find(shown) != std::string::npos);
  }
  CHECK(text.find("Call04") == std::string::npos);
  CHECK(text.find("Call15") == std::string::npos);
}

TEST_CASE("Slack: times that are no times, or not of this world") {
  for (const std::string time :
       {"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "yesterday",
        "2024-13-01T00:00:00Z", "2024-01-31T12:00:00+14:00", "1706702400", ""}) {
    INFO(time);
    alert::Alert alert = hostile("x");
    alert.event_time = alert.first_seen = alert.last_seen = alert.detected_at = time;
    Reader reader("", allowed_links("x"));
    reader.read(slack()->preview(notification({item(alert, "k3y")})));
  }
}

TEST_CASE("Slack: links are those of the rule, and are what they say") {
  alert::Alert alert = hostile("x");
  auto rule = std::make_shared<alert::RuleFacts>(*alert.rule);
  rule->tags = {"attack.t1078.004", "attack.T1496",          "attack.t12345",
                "attack.t1234.05",  "attack.initial-access", "attack.txxxx"};
  rule->runbook = "http://runbook.example.org/";
  rule->references = {"ftp://files.example.org/x",
                      "https://user:pass@example.org/",
                      "javascript:alert(1)",
                      "https://example.org/<!channel>|x",
                      "https://ex ample.org/",
                      "https://",
                      "//example.org",
                      "see the wiki",
                      "https://docs.example.org/a_b_c?x=1&y=2",
                      "https://docs.example.org/a-third-one",
                      "https://docs.example.org/a-fourth-one",
                      "https://attack.mitre.org/techniques/T1078/004/"};
  alert.rule = rule;
  const std::set<std::string> links = {
      "https://docs.example.org/a_b_c?x=1&amp;y=2", "http://runbook.example.org/",
      "https://example.org/%3C!channel%3E%7Cx", "https://attack.mitre.org/techniques/T1078/004/",
      "https://attack.mitre.org/techniques/T1496/"};
  Reader reader("", links);
  reader.read(slack()->preview(notification({item(alert, "k3y")})));
  CHECK(reader.linked() == links.size());
}

TEST_CASE("Slack: a digest lists every alert, within every limit") {
  const auto notifier = slack();
  for (const std::size_t count : {2u, 20u, 100u}) {
    for (const std::string& text : {std::string("EVIL"), std::string(5000, '<'),
                                    std::string(5000, '`'), "EVIL" + std::string(5000, 'm')}) {
      INFO(count << " " << text.substr(0, 10));
      std::vector<deliver::Item> items;
      for (std::size_t i = 0; i < count; ++i) {
        alert::Alert alert = i % 3 == 0 ? hostile_correlation(text) : hostile(text);
        auto rule = std::make_shared<alert::RuleFacts>(*alert.rule);
        rule->title = fmt::format("Rule #{:03} {}", i, text);
        rule->level = i % 2 == 0 ? "high" : "low";
        alert.rule = rule;
        items.push_back(item(alert, fmt::format("k{}", i)));
      }
      const std::string payload = notifier->preview(notification(std::move(items)));
      Reader reader("EVIL", {});
      reader.read(payload);
      for (std::size_t i = 0; i < count; ++i) {
        CHECK(reader.text().find(fmt::format("`Rule #{:03} ", i)) != std::string::npos);
      }
      CHECK(reader.text().find(fmt::format("{} alerts: {} high, {} low", count, count - count / 2,
                                           count / 2)) != std::string::npos);
    }
  }
}

TEST_CASE("Slack: more alerts than a message can list are at least counted") {
  std::vector<deliver::Item> items;
  for (std::size_t i = 0; i < 1000; ++i) {
    alert::Alert alert = hostile("EVIL");
    auto rule = std::make_shared<alert::RuleFacts>(*alert.rule);
    rule->id = std::to_string(i);
    alert.rule = rule;
    items.push_back(item(alert, "k"));
  }
  Reader reader("EVIL", {});
  reader.read(slack()->preview(notification(std::move(items))));
  CHECK(reader.text().find("1000 alerts") != std::string::npos);
  CHECK(reader.text().find("more alerts") != std::string::npos);
}

TEST_CASE("Slack: many alerts of one rule are one entry of a digest, with the names that count") {
  std::vector<deliver::Item> items;
  const auto add = [&](const std::string& title, const std::string& level, const std::string& who) {
    alert::Alert alert = hostile("x");
    auto rule = std::make_shared<alert::RuleFacts>(*alert.rule);
    rule->id = rule->title = title;
    rule->level = level;
    alert.rule = rule;
    alert.person = who;
    alert.id = fmt::format("{:032x}", items.size());
    items.push_back(item(alert, "k"));
  };
  add("Lone", "high", "zoe");
  for (int i = 0; i < 40; ++i) add("Noisy", "low", fmt::format("user{}", i));
  for (int i = 0; i < 5; ++i) add("Noisy", "low", "mallory");
  Reader reader("EVIL", {});
  reader.read(slack()->preview(notification(items)));
  const std::string& text = reader.text();
  const std::size_t lone = text.find("`Lone`"), noisy = text.find("`Noisy` — 45 alerts");
  REQUIRE(lone != std::string::npos);
  REQUIRE(noisy != std::string::npos);
  CHECK(lone < noisy);
  CHECK(text.find("by `mallory` ×5, `user0`, `user1` and 38 more") != std::string::npos);
  CHECK(text.find(items[1].alert.id) != std::string::npos);
  CHECK(text.find("user2") == std::string::npos);
}

TEST_CASE("Slack: a push message names level, call and person in its first hundred characters") {
  alert::Alert alert = hostile("x");
  auto rule = std::make_shared<alert::RuleFacts>(*alert.rule);
  rule->level = "critical";
  rule->title = std::string(200, 't');
  alert.rule = rule;
  alert.person = "alice@example.com";
  alert.event_source = "batch.amazonaws.com";
  alert.event_name = "CreateComputeEnvironment";
  const std::string payload = slack()->preview(notification({item(alert, "k")}));
  const std::size_t text = payload.find(R"("text":")");
  REQUIRE(text != std::string::npos);
  const std::string first = payload.substr(text + 8, 100);
  CHECK(first.find("CRITICAL") != std::string::npos);
  CHECK(first.find("batch:CreateComputeEnvironment by alice@example.com") != std::string::npos);
}

TEST_CASE("Slack: a resolved alert says so") {
  alert::Alert alert = hostile("x");
  alert.status = "resolved";
  CHECK(slack()->preview(notification({item(alert, "k")})).find("RESOLVED") != std::string::npos);
}

TEST_CASE("Slack: a webhook says yes with ok, and with nothing else") {
  Server server;
  const auto notifier = made(setups()[0], server.url("/"));
  const auto said = [&](int status, const std::string& body) {
    server.answer(http_answer(status, body));
    return send(*notifier, notification({item(alert_line("compute_environment"), "k")}));
  };
  CHECK(said(200, "ok").kind == Kind::delivered);
  CHECK(said(200, "ok\n").kind == Kind::delivered);
  for (const char* body : {"", "OK", "okay", "<html>ok</html>", "{\"ok\":true}", "no_service"}) {
    INFO(body);
    CHECK(said(200, body).kind == Kind::retry);
  }
  CHECK(said(201, "ok").kind == Kind::retry);
  CHECK(said(400, "invalid_payload").kind == Kind::rejected);
  CHECK(said(400, "invalid_payload").reason.find("invalid_payload") != std::string::npos);
  CHECK(said(403, "action_prohibited").kind == Kind::rejected);
  CHECK(said(404, "no_service").kind == Kind::rejected);
  CHECK(said(410, "channel_is_archived").kind == Kind::gone);
  CHECK(said(500, "rollup_error").kind == Kind::retry);
  CHECK(said(429, "rate_limited").kind == Kind::retry);
}

TEST_CASE("Slack: the Web API says no in a 200") {
  Server server;
  const auto notifier = made(setups()[1], server.url("/"));
  const auto said = [&](int status, const std::string& body) {
    server.answer(http_answer(status, body));
    return send(*notifier, notification({item(alert_line("compute_environment"), "k")}));
  };
  for (const std::string word :
       {"channel_not_found", "not_in_channel", "is_archived", "invalid_auth", "token_revoked",
        "account_inactive", "missing_scope", "no_text", "invalid_blocks", "msg_too_long",
        "msg_blocks_too_long", "restricted_action", "something_new"}) {
    INFO(word);
    const Outcome outcome = said(200, R"({"ok":false,"error":")" + word + "\"}");
    CHECK(outcome.kind == Kind::rejected);
    CHECK(outcome.reason == "Slack says: " + word);
  }
  for (const std::string word :
       {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}) {
    INFO(word);
    CHECK(said(200, R"({"ok":false,"error":")" + word + "\"}").kind == Kind::retry);
  }
  CHECK(said(200, R"({"ok":true})").kind == Kind::delivered);
  for (const std::string& body :
       std::vector<std::string>{"", "ok", "null", "[]", "{}", R"({"ok":"true"})", R"({"ok":1})",
                                "{\"ok\":true", std::string(100'000, '['), "\xFF"}) {
    INFO(body.substr(0, 20));
    CHECK(said(200, body).kind == Kind::retry);
  }
  CHECK(said(200, R"({"ok":false})").kind == Kind::rejected);
  CHECK(said(200, R"({"ok":false,"error":[1]})").kind == Kind::rejected);
  CHECK(said(200, "{\"ok\":false,\"error\":\"\\u001b[31m" + std::string(5000, 'x') + "\"}")
            .reason.size() < 200);
  CHECK(said(429, R"({"ok":false,"error":"ratelimited"})").kind == Kind::retry);
}

TEST_CASE("Slack: a bot names its channel and shows its token to nobody else") {
  Server server;
  server.answer(http_answer(200, setups()[1].yes));
  send(*made(setups()[1], server.url("/api")),
       notification({item(alert_line("compute_environment"), "k3y")}));
  const Captured request = server.take().at(0);
  CHECK(request.header("authorization") == "Bearer " + std::string(kCanaryToken));
  CHECK(request.header("content-type") == "application/json; charset=utf-8");
  const auto json = reference::parse_strict_json(request.body, 100);
  CHECK(json->text_of("channel") == "C0123456789");
  CHECK(json->find("metadata")->find("event_payload")->text_of("notification") == "k3y");
  CHECK(request.body.find(kCanaryToken) == std::string::npos);
}

TEST_CASE("Slack: settings that contradict each other are refused with their place") {
  const Environment variables = environment("https://hooks.slack.com/services/T/B/X");
  struct Case {
    const char* yaml;
    const char* problem;  // a part of it
  };
  for (const Case& one : std::vector<Case>{
           {"{}", "Slack needs `webhook_url`"},
           {"webhook_url: https://hooks.slack.com/x", "1:1: webhook_url is a secret"},
           {"webhook_url: ${HOOK}\ntoken: ${TOKEN}\nchannel: C1", "keep either"},
           {"webhook_url: ${HOOK}\nchannel: C1", "2:10: `channel` belongs to `token`"},
           {"token: ${TOKEN}", "a bot needs `channel`"},
           {"token: ${TOKEN}\nchannel: 'a b'", "2:10: this is not a channel"},
           {"token: ${TOKEN}\nchannel: C1\napi_url: file:///etc", "3:10: this is not a URL"},
           {"webhook_url: ${TOKEN}", "URL"},
           {"webhook_url: ${HOOK}\nchanel: C1", "2:1: "},
           {"webhook_url: ${MISSING}", "MISSING is not set"}}) {
    INFO(one.yaml);
    const Made out = make("slack", one.yaml, variables);
    INFO(out.problems);
    CHECK(out.problems.find(one.problem) != std::string::npos);
    CHECK(out.problems.find("services/T/B") == std::string::npos);
    CHECK(out.problems.find(kCanaryToken) == std::string::npos);
  }
}

}  // namespace
}  // namespace tocsin::contract
