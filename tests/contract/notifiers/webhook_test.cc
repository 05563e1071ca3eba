// Webhooks: signatures, judged by an independent verifier; envelopes; templates; settings.
#include <fmt/format.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/json_writer.h"
#include "contract/notifiers/kit.h"
#include "contract/notifiers/server.h"
#include "differential/reference/json_dom.h"
#include "source_dir.h"

namespace tocsin::contract {
namespace {

using Kind = deliver::Outcome::Kind;

// tests/tools/verify_webhook.py on one request; its exit status: 0 valid, 1 not, 2 misuse.
int verify(const Captured& request, std::string_view secret, std::int64_t now) {
  const TemporaryFolder folder;
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("headers").begin_object();
  for (const auto& [name, value] : request.headers) writer.member(name, value);
  writer.end_object().member("body", request.body).end_object();
  std::ofstream(folder.path("request.json"), std::ios::binary) << json;
  const int status = std::system(
      fmt::format("python3 {}/tests/tools/verify_webhook.py --secret {} --now {} {} >{} 2>&1",
                  TOCSIN_SOURCE_DIR, secret, now, folder.path("request.json"), folder.path("out"))
          .c_str());
  INFO(file_text(folder.path("out")));
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

Captured sent(const std::string& yaml, unsigned attempt = 1, const std::string& text = {}) {
  Server server;
  Made out = make("webhook", "url: ${HOOK}\n" + yaml, environment(server.url("/hook")));
  INFO(out.problems);
  REQUIRE(out.notifier != nullptr);
  REQUIRE(out.problems.empty());
  const deliver::Item one =
      text.empty() ? item(alert_line("compute_environment"), "k3y") : item(hostile(text), "k3y");
  CHECK(send(*out.notifier, notification({one}, attempt)).kind == Kind::delivered);
  return server.take().at(0);
}

TEST_CASE("webhook: an independent verifier accepts what was signed, and nothing else") {
  if (std::system("python3 -c '' >/dev/null 2>&1") != 0) {
    WARN("python3 is missing; the verifier was not run");
    return;
  }
  const std::int64_t now = notification({item(alert_line("root_denied"), "k")}).now_ms / 1000;
  const Captured request =
      sent("secret: ${SIGNING}\nprevious_secret: ${PREVIOUS}\n", 1, "ü<\"\\\xF0\x9F\x92\xA3\x01");
  CHECK(request.header("webhook-id") == "msg_k3y");
  CHECK(verify(request, kSigningSecret, now) == 0);
  CHECK(verify(request, kPreviousSecret, now) == 0);
  CHECK(verify(request, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", now) == 1);
  CHECK(verify(request, kSigningSecret, now + 3600) == 1);
  Captured changed = request;
  changed.body.replace(changed.body.find("firing"), 6, "benign");
  CHECK(verify(changed, kSigningSecret, now) == 1);
  changed = request;
  changed.headers.erase("webhook-signature");
  CHECK(verify(changed, kSigningSecret, now) == 1);
}

TEST_CASE("webhook: the timestamp is that of the attempt, the id that of the notification") {
  const Captured first = sent("secret: ${SIGNING}\n", 1), second = sent("secret: ${SIGNING}\n", 2);
  CHECK(first.header("webhook-id") == second.header("webhook-id"));
  CHECK(std::stoll(second.header("webhook-timestamp")) -
            std::stoll(first.header("webhook-timestamp")) ==
        5);
  CHECK(first.header("webhook-signature") != second.header("webhook-signature"));
  CHECK(first.body == second.body);
  CHECK(sent("").header("webhook-signature").empty());
  CHECK(sent("").header("webhook-id") == "msg_k3y");
}

TEST_CASE("webhook: the body is the alert, alone or in an envelope") {
  const deliver::Item alert = item(alert_line("compute_environment"), "k3y");
  const Captured plain = sent("");
  CHECK(plain.method == "POST");
  CHECK(plain.target == "/hook");
  CHECK(plain.body == alert.json);
  CHECK(plain.header("content-type") == "application/json");
  const Captured standard = sent("envelope: standard\nmethod: PUT\n");
  CHECK(standard.method == "PUT");
  CHECK(standard.body == R"({"type":"alert.fired","timestamp":"2017-12-20T00:48:46.000Z","data":)" +
                             alert.json + "}");
  const Captured cloud = sent("envelope: cloudevents\ncloudevents_source: //soc.example.org\n");
  CHECK(cloud.header("content-type") == "application/cloudevents+json; charset=utf-8");
  const auto json = reference::parse_strict_json(cloud.body, 100);
  REQUIRE(json.has_value());
  CHECK(json->text_of("specversion") == "1.0");
  CHECK(json->text_of("id") == "k3y");
  CHECK(json->text_of("source") == "//soc.example.org");
  CHECK(json->text_of("type") == "tocsin.alert.fired");
  CHECK(json->text_of("time") == "2017-12-20T00:48:46.000Z");
  CHECK(reference::to_text(*json->find("data")) == alert.json);
}

TEST_CASE("webhook: headers are those that were configured") {
  const Captured request =
      sent("headers: {X-Key: \"${KEY}\", x-team: soc}\nbearer_token: ${TOKEN}\n");
  CHECK(request.header("x-key") == kCanaryHeader);
  CHECK(request.header("x-team") == "soc");
  CHECK(request.header("authorization") == "Bearer " + std::string(kCanaryToken));
}

// Settings with a template of that text; the problems that it has.
struct Templated {
  std::string problems, body;
};
Templated with_template(const std::string& text, const std::string& more = {},
                        const deliver::Item* about = nullptr) {
  const TemporaryFolder folder;
  std::ofstream(folder.path("body.tpl"), std::ios::binary) << text;
  Made out =
      make("webhook", "url: ${HOOK}\ntemplate_file: " + folder.path("body.tpl") + "\n" + more,
           environment("https://hooks.example.org/x"));
  Templated result{out.problems, {}};
  if (out.notifier != nullptr && out.problems.empty()) {
    const deliver::Item sample = item(alert_line("compute_environment"), "k3y", 3);
    result.body = out.notifier->preview(notification({about != nullptr ? *about : sample}));
  }
  return result;
}

TEST_CASE("webhook: a template makes the body") {
  const Templated out = with_template(
      "{\"title\": \"{{RULE_TITLE}}\",{{! a comment }} \"n\": {{COUNT}}, \"tags\": "
      "[{{#TAGS}}\"{{TAG}}\"{{#TAGS_separator}}, {{/TAGS_separator}}{{/TAGS}}],\n"
      "\"mfa\": {{#WITHOUT_MFA}}false{{/WITHOUT_MFA}}{{#HAS_ERROR}}1{{/HAS_ERROR}}null }\n");
  CHECK(out.problems.find("is not JSON, in line 2") != std::string::npos);
  const Templated good = with_template(
      "{\"title\": \"{{RULE_TITLE}}\",{{! a comment }} \"n\": {{COUNT}}, \"tags\": "
      "[{{#TAGS}}\"{{TAG}}\"{{#TAGS_separator}}, {{/TAGS_separator}}{{/TAGS}}],\n"
      "\"fields\": { {{#MATCHED}}\"{{FIELD}}\": \"{{VALUE}}\"{{#MATCHED_separator}},"
      "{{/MATCHED_separator}}{{/MATCHED}} }, \"alert\": {{ALERT_JSON}} }\n");
  CHECK(good.problems == "");
  const auto json = reference::parse_strict_json(good.body, 100);
  REQUIRE(json.has_value());
  CHECK(json->text_of("title") == "AWS Batch Compute Environment Changed Without MFA");
  CHECK(json->text_of("n") == "3");
  CHECK(json->find("tags")->elements.size() == 4);
  CHECK(json->find("fields")->text_of("eventName") == "CreateComputeEnvironment");
  CHECK(json->find("alert")->text_of("id") == "00000000000000000000000000000001");
}

TEST_CASE("webhook: what an event says stays inside its place in a template") {
  const std::string every_text =
      "{{PRINCIPAL}}|{{USER_AGENT}}|{{EVENT_NAME}}|{{ERROR_MESSAGE}}|{{RULE_TITLE}}|{{SUMMARY}}";
  for (const std::string& text :
       {std::string("\"},{\"admin\":true"), std::string("a\\\"\n\r\x01\x1f\x7f\0b", 11),
        std::string("\xFF\xC3("), std::string("<script>'&\"{{PRINCIPAL}}{{#TAGS}}")}) {
    INFO(text);
    const deliver::Item evil = item(hostile(text), "k3y");
    const Templated json = with_template("{\"a\":\"" + every_text + "\"}", "", &evil);
    CHECK(json.problems == "");
    const auto parsed = reference::parse_strict_json(json.body, 10);
    REQUIRE(parsed.has_value());
    CHECK(parsed->members.size() == 1);
    const Templated html =
        with_template("<p title='" + every_text + "'>", "content_type: text/html\n", &evil);
    CHECK(html.problems == "");
    CHECK(html.body.substr(10, html.body.size() - 12).find_first_of("<>'\"") == std::string::npos);
    const Templated form = with_template(
        "a=" + every_text, "content_type: application/x-www-form-urlencoded\n", &evil);
    CHECK(form.body.substr(2).find_first_of("&=+ \n<") == std::string::npos);
  }
}

TEST_CASE("webhook: a template that cannot work is refused with its line") {
  struct Case {
    const char* text;
    const char* problem;
  };
  for (const Case& one : std::vector<Case>{
           {"{\n\n\"a\": \"{{RULE_TITEL}}\"}",
            "line 3: there is no variable `RULE_TITEL`; did you "
            "mean `RULE_TITLE`?"},
           {"{}\n{{#TAG}}{{/TAG}}", "line 2: there is no section `TAG`; did you mean `TAGS`?"},
           {"{}\n{{#TAGS}}\n", "line 2: the section TAGS is never closed"},
           {"{{/TAGS}}", "line 1: `{{/TAGS}}` closes a section that is not open"},
           {"{{#TAGS}}{{#REFERENCES}}{{/TAGS}}{{/REFERENCES}}", "closes a section"},
           {"{{TAG}}", "there is no variable `TAG`"},
           {"{{>/etc/passwd}}", "includes"},
           {"{{=<% %>=}}", "delimiters"},
           {"{{%AUTOESCAPE context=\"HTML\"}}", "pragmas"},
           {"{{PRINCIPAL:none}}", "modifiers"},
           {"{\"a\":{{{COUNT}}}}", "put a blank between"},
           {"{{PRINCIPAL", "never closed"},
           {"{{}}", "there is no variable ``"},
           {"{\"a\": {{PRINCIPAL}}}", "is not JSON"},
           {"not json", "is not JSON"},
           {"", "is not JSON"},
           {"\xFF", "is not UTF-8"}}) {
    INFO(one.text);
    const Templated out = with_template(one.text);
    INFO(out.problems);
    CHECK(out.problems.starts_with("2:16: "));
    CHECK(out.problems.find(one.problem) != std::string::npos);
  }
  CHECK(with_template("{{ALERT_JSON}}", "content_type: text/plain\n").problems.find("is JSON") !=
        std::string::npos);
  CHECK(with_template("{}", "envelope: standard\n").problems.find("keep either") !=
        std::string::npos);
  CHECK(with_template(std::string(70'000, ' ')).problems != "");
}

TEST_CASE("webhook: settings that cannot work are refused with their place") {
  struct Case {
    const char* yaml;
    const char* problem;
  };
  for (const Case& one : std::vector<Case>{
           {"{}", "a webhook needs `url"},
           {"url: hooks.example.org", "1:6: this is not a URL"},
           {"url: https://u:p@example.org", "user or a password"},
           {"url: ${HOOK}\nsecret: ${TOKEN}", "2:9: a signing secret is whsec_"},
           {"url: ${HOOK}\nprevious_secret: ${SIGNING}", "needs `secret`"},
           {"url: ${HOOK}\nheaders: {Host: x}", "`Host` is decided by HTTP"},
           {"url: ${HOOK}\nheaders: {'a b': x}", "not a header's name"},
           {"url: ${HOOK}\nheaders: {Webhook-Id: x}", "is set by Tocsin"},
           {"url: ${HOOK}\nheaders: {content-length: 3}", "decided by HTTP"},
           {"url: ${HOOK}\nheaders: {X-A: a, x-a: b}", "is there twice"},
           {"url: ${HOOK}\nheaders: {Authorization: a}\nbearer_token: ${TOKEN}", "keep one"},
           {"url: ${HOOK}\nmethod: GET", "method"},
           {"url: ${HOOK}\nenvelope: soap", "envelope"},
           {"url: ${HOOK}\ncloudevents_source: x", "belongs to `envelope: cloudevents`"},
           {"url: ${HOOK}\ncontent_type: text/plain", "belongs to `template_file`"},
           {"url: ${HOOK}\ntemplate_file: /nonexistent", "/nonexistent"},
           {"url: ${HOOK}\nsecrets: x", "2:1: "}}) {
    INFO(one.yaml);
    const Made out = make("webhook", one.yaml, environment("https://hooks.example.org/x"));
    INFO(out.problems);
    CHECK(out.problems.find(one.problem) != std::string::npos);
    CHECK(out.problems.find(kCanaryToken) == std::string::npos);
  }
}

}  // namespace
}  // namespace tocsin::contract
