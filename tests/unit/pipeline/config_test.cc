#include "pipeline/config.h"

#include <catch2/catch.hpp>
#include <vector>

#include "config_reading.h"

namespace tocsin::pipeline {
namespace {

struct Case {
  std::string_view text;
  std::string_view reported;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    const Loaded loaded = load(c.text);
    CHECK(loaded.summary() == c.reported);
    CHECK(loaded.config.has_value() == !loaded.diagnostics.has_errors());
  }
}

TEST_CASE("who may talk to the server") {
  check({
      {"server: {}", ""},
      {"server:\n  listen: 127.0.0.1:1", ""},
      {"server:\n  listen: localhost:1", ""},
      {"server:\n  listen: nowhere", "C906 2:11+7"},
      {"server:\n  listen: example.com:80", "C906 2:11+14"},
      // Beyond this machine: neither without knowing who, nor in the clear.
      {"server:\n  listen: 0.0.0.0:1", "C915 2:11+9"},
      {"server:\n  listen: '[::]:1'", "C915 2:11+8"},
      {"server:\n  listen: 0.0.0.0:1\n  allow_insecure: true", ""},
      {"server:\n  listen: 0.0.0.0:1\n  auth:\n    tokens:\n    - {name: a, token: '${TOKEN}', "
       "roles: [ingest]}",
       "C915 2:11+9"},
      {"server:\n  listen: 0.0.0.0:1\n  tls: {certificate_file: c, key_file: k}", "C915 2:11+9"},
      {"server:\n  listen: 0.0.0.0:1\n  tls: {certificate_file: c, key_file: k}\n  auth:\n    "
       "tokens:\n    - {name: a, token: '${TOKEN}', roles: [ingest]}",
       ""},
      {"server:\n  listen: 0.0.0.0:1\n  tls: {certificate_file: c, key_file: k, client_ca_file: "
       "a}\n  auth:\n    certificates:\n    - {common_name: a, roles: admin}",
       ""},
  });
}

TEST_CASE("TLS, tokens and certificates") {
  check({
      {"server:\n  tls: {certificate_file: c}", "C904 2:8+1"},
      {"server:\n  tls: {key_file: c}", "C904 2:8+1"},
      {"server:\n  tls: {client_ca_file: c}", "C904 2:8+1"},
      {"server:\n  tls: {certificate_file: c, key_file: missing}", "C916 2:40+7"},
      {"server:\n  tls: {}\n  auth:\n    certificates: [{common_name: a, roles: read}]",
       "C917 4:19+1"},
      {"server:\n  auth:\n    tokens:\n    - name: a", "C904 4:7+1; C904 4:7+1"},
      {"server:\n  auth:\n    tokens:\n    - {token: '${TOKEN}', roles: read}", "C904 4:7+1"},
      {"server:\n  auth:\n    tokens:\n    - name: a\n      token: 0123456789abcdef\n      roles: "
       "read",
       "C909 5:7+5"},
      {"server:\n  auth:\n    tokens:\n    - name: a\n      token: ${SHORT}\n      roles: read",
       "C910 5:14+8"},
      {"server:\n  auth:\n    tokens:\n    - name: a\n      token: ${TOKEN}\n      roles: [raed]",
       "C905 6:15+4 read"},
      {"server:\n  auth:\n    tokens:\n    - name: a b\n      token: ${TOKEN}\n      roles: read",
       "C906 4:13+3"},
      {"server:\n  auth:\n    tokens:\n    - {name: a, token: '${TOKEN}', roles: read}\n    - "
       "{name: a, token: '${TOKEN2}', roles: read}",
       "C912 5:14+1"},
      {"server:\n  auth:\n    tokens:\n    - {name: a, token: '${TOKEN}', roles: read}\n    - "
       "{name: b, token: '${TOKEN}', roles: read}",
       "C917 5:24+10"},
      {"server:\n  auth:\n    tokens:\n    - {name: a, tokn: '${TOKEN}', roles: read}",
       "C904 4:7+1; C903 4:17+4 token"},
  });
  const Loaded loaded = load(
      "server:\n  auth:\n    tokens:\n    - {name: a, token: '${TOKEN}', roles: [ingest, admin]}\n"
      "    - {name: b, token_file: b, roles: read}\n");
  REQUIRE(loaded.config);
  REQUIRE(loaded.config->tokens.size() == 2);
  CHECK(loaded.config->tokens[0].name == "a");
  CHECK(loaded.config->tokens[0].token.reveal() == "0123456789abcdef");
  CHECK(loaded.config->tokens[0].roles == 5);
  CHECK(loaded.config->tokens[1].token.reveal() == "secret of /etc/tocsin/b");
  CHECK(loaded.config->tokens[1].roles == 2);
  CHECK(loaded.config->files ==
        std::vector<std::string>{"/etc/tocsin/b", "/etc/tocsin/tocsin.yml"});
}

TEST_CASE("limits and what they must be large enough for") {
  check({
      {"server:\n  limits:\n    header: 1", "C907 3:13+1"},
      {"server:\n  limits:\n    hedaer: 1KiB", "C903 3:5+6 header"},
      {"server:\n  limits:\n    body_budget: 1MiB", "C917 3:18+4"},
      {"server:\n  limits:\n    body: 65MiB", "C917 3:5+1; C917 1:1+1"},
      {"limits:\n  in_flight: 1MiB", "C917 2:14+4"},
      {"limits:\n  workers: 0", "C907 2:12+1"},
      {"limits:\n  shutdown: 10", "C906 2:13+2"},
      {"store:\n  max_size: 1MiB", "C907 2:13+4"},
      {"store:\n  reserve: 1MiB", "C907 2:12+4"},
      {"correlation:\n  lateness: 8d", "C907 2:13+2"},
      {"correlation:\n  max_groups: 0", "C907 2:15+1"},
      {"correlation:\n  journal: 1GiB", "C917 2:12+4"},
      {"alerts:\n  group_interval: -5m", "C906 2:19+3"},
      {"log:\n  level: trace", "C905 2:10+5"},
      {"reload:\n  interval: 1ms", "C907 2:13+3"},
      {"metrics:\n  rule_labels: some", "C906 2:16+4"},
      {"server:\n  sns:\n    topics: [here]\n    allow_networks: [10.0.0.1/8]",
       "C906 3:14+4; C906 4:22+10"},
  });
}

TEST_CASE("rules and sources") {
  check({
      {"rules:\n  paths: [missing/a, b]", "C916 2:10+1"},
      {"rules:\n  paths: []", "C904 2:10+1"},
      {"rules:\n  lists: missing", "C916 2:10+7"},
      {"rules:\n  logsource: cloudtrail", "C906 2:14+10"},
      {"rules:\n  logsource: product=aws,service=cloudtrail", ""},
      {"rules:\n  path: x", "C903 2:3+4 paths"},
      {"sources:\n- {name: a, type: stdin}", ""},
      {"sources:\n- {name: a, type: stdin, path: x}", "C903 2:26+4"},
      {"sources:\n- {name: a, type: file, path: x, from: end, poll: 1s}", ""},
      {"sources:\n- {name: a, type: file}", "C904 2:3+1"},
      {"sources:\n- {name: a, type: flie, path: x}", "C905 2:19+4 file"},
      {"sources:\n- {name: a}", "C904 2:3+1"},
      {"sources:\n- {name: http, type: stdin}", "C912 2:10+4"},
      {"sources:\n- {name: a, type: stdin}\n- {name: a, type: file, path: x}", "C912 3:10+1"},
      {"sources:\n- {name: a, type: stdin}\n- {name: b, type: stdin}", "C917 3:19+5"},
      {"source: []", "C903 1:1+6 sources"},
      {"sources:\n- {name: a, type: s3_sqs}", "C904 2:3+1"},
      {"sources:\n- {name: a, type: s3_sqs, queue_url: 'https://sqs.eu-west-1.amazonaws.com/1/q'}",
       ""},
      {"sources:\n- {name: a, type: s3_sqs, queue_url: 'q'}", "C906 2:38+3"},
      {"sources:\n- {name: a, type: s3_sqs, queue_url: 'http://q/1/q', queue: 1}", "C903 2:54+5"},
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  on_unreadable: drop",
       "C905 5:18+4"},
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  region: eu west",
       "C906 5:11+7"},
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  delete: false",
       "C906 5:11+5"},  // a warning
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  accounts: {'1': "
       "{role_arn: 'arn:x'}}",
       "C906 5:14+3"},
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  accounts: "
       "{'111122223333': {external_id: x}}",
       "C906 5:44+1; C906 5:30+1"},
      {"sources:\n- name: a\n  type: s3_sqs\n  queue_url: http://q/1/q\n  max_object: 1kB",
       "C907 5:15+3"},
  });
  const Loaded loaded = load(
      "sources:\n- {name: a, type: file, path: logs, from: end, poll: 1s}\n"
      "- {name: b, type: stdin}\nrules: {paths: [r, /abs], logsource: any, strict: true}\n");
  REQUIRE(loaded.config);
  const Config& config = *loaded.config;
  REQUIRE(config.sources.size() == 2);
  CHECK(config.sources[0].name == "a");
  CHECK(config.sources[0].type == "file");
  CHECK(config.sources[0].source != nullptr);
  CHECK(config.sources[1].type == "stdin");
  CHECK(config.sources[0].fingerprint != config.sources[1].fingerprint);
  CHECK(config.rules.paths == std::vector<std::string>{"/etc/tocsin/r", "/abs"});
  CHECK(config.rules.logsource.policy == LogsourcePolicy::ignore);
  CHECK(config.rules.strict);
}

constexpr std::string_view kReceivers =
    "receivers:\n- {name: ops, type: stdout}\n- {name: pager, type: stdout}\n";

TEST_CASE("receivers and the routes to them") {
  const std::vector<Case> with_receivers = {
      {"", ""},
      {"routes: {default: ops}", "C914 3:10+5"},
      {"routes: {default: [ops, pager]}", ""},
      {"routes: {default: [ops, pagre]}", "C913 4:25+5 pager; C914 3:10+5"},
      {"routes: {default: [nobody, ops, pager]}", "C913 4:20+6"},
      {"routes: {default: []}", "C904 4:19+1; C914 2:10+3; C914 3:10+5"},
      {"routes:\n  default: ops\n  rules:\n  - match: {level: '>=high'}\n    receivers: pager", ""},
      {"routes:\n  rules:\n  - match: {level: [hihg, '>=hi', low]}\n    receivers: pager",
       "C905 6:21+4 high; C905 6:27+6"},
      {"routes:\n  rules:\n  - match: {levels: high}\n    receivers: pager", "C903 6:13+6 level"},
      {"routes:\n  rules:\n  - match: {source: htpt}\n    receivers: pager", "C913 6:21+4 http"},
      {"routes:\n  rules:\n  - match: {source: 'h*'}\n    receivers: pager", ""},
      {"routes:\n  rules:\n  - match: {level: high}", "C904 6:5+1"},
      {"routes:\n  rules:\n  - {name: a b, receivers: ops}", "C906 6:12+3"},
      {"routes:\n  rules:\n  - receivers: ops\n  - receivers: pager", "C914 7:5+1"},
      {"routes:\n  rules:\n  - {receivers: ops, continue: true}\n  - receivers: pager", ""},
      {"routes: [ops]", "C902 4:9+1"},
  };
  for (const Case& c : with_receivers) {
    const std::string text = std::string(kReceivers) + std::string(c.text);
    check({{text, c.reported}});
  }
  check({
      {"receivers: []", "C904 1:12+1"},
      {"receivers:\n- {name: a, type: stdout}\n- {name: a, type: stdout}", "C912 3:10+1"},
      {"receivers:\n- {name: a, type: carrier pigeon}", "C905 2:19+14"},
      // A receiver with a problem is still there for those that name it.
      {"receivers:\n- {name: a, type: slack}\nroutes: {default: a}", "C904 2:3+1"},
      {"routes: {default: stdout}", ""},
      {"routes: {default: ops}", "C913 1:19+3"},
  });
}

TEST_CASE("routes lead where the configuration says") {
  const Loaded loaded = load(std::string(kReceivers) +
                             "routes:\n  default: ops\n  rules:\n"
                             "  - {match: {level: '>=high'}, receivers: pager, continue: true}\n"
                             "  - {match: {account: 012345678901}, receivers: ops}\n");
  REQUIRE(loaded.config);
  const std::vector<std::string> no_tags;
  const auto told = [&](std::string_view level, std::string_view account) {
    return loaded.config->routes.receivers_of({level, "", "", account, "http", no_tags});
  };
  using Names = std::vector<std::string>;
  CHECK(told("low", "") == Names{"ops"});
  CHECK(told("high", "") == Names{"pager"});
  CHECK(told("critical", "012345678901") == Names{"pager", "ops"});
}

TEST_CASE("without a file everything has its default, and stays on this machine") {
  static const AnyFiles files;
  Diagnostics diagnostics;
  const LoadOptions options{config::environment_of({}), &files, fake_receiver, nullptr};
  const std::optional<Config> config = default_config(diagnostics, options);
  CHECK(config::summary(diagnostics) == "");
  REQUIRE(config);
  CHECK(config->file.empty());
  CHECK(config->files.empty());
  CHECK(config->server.address == "127.0.0.1");
  CHECK(config->server.port == 8484);
  CHECK(config->tokens.empty());
  REQUIRE(config->rules.paths.size() == 1);
  CHECK(config->rules.paths[0].ends_with("/rules"));
  CHECK(config->store.folder.ends_with("/tocsin-data"));
  CHECK(config->store.folder.starts_with("/"));
  REQUIRE(config->receivers.size() == 1);
  CHECK(config->receivers[0].name == "stdout");
  const std::vector<std::string> tags;
  CHECK(config->routes.receivers_of({"low", "", "", "", "http", tags}) ==
        std::vector<std::string>{"stdout"});
  CHECK(config->limits.workers >= 1);
}

TEST_CASE("what needs a restart is said, and nothing else") {
  const Config running = *load("").config;
  const auto changed = [&](std::string_view text) {
    std::string out;
    for (const std::string& section : needs_restart(running, *load(text).config)) {
      out += section + " ";
    }
    return out;
  };
  CHECK(changed("") == "");
  CHECK(changed("server: {listen: '127.0.0.1:1'}") == "server ");
  CHECK(changed("server: {limits: {body: 1MiB}}") == "server ");
  CHECK(changed("store: {path: elsewhere}\nlimits: {workers: 7}") == "store limits ");
  CHECK(changed("correlation: {lateness: 1m}") == "correlation ");
  CHECK(changed("correlation: {max_values: 1000}") == "store ");
  CHECK(changed("sources: [{name: a, type: stdin}]") == "sources ");
  CHECK(changed("log: {level: debug}\nalerts: {rule_budget: 1}\nrules: {strict: true}") == "");
  CHECK(changed("receivers: [{name: a, type: stdout}]") == "");
}

TEST_CASE("the journal of hits is at most a quarter of the store") {
  CHECK(load("").config->correlation.journal_bytes == std::uint64_t{256} << 20);
  CHECK(load("store: {max_size: 64MiB}").config->correlation.journal_bytes == std::uint64_t{16}
                                                                                  << 20);
}

TEST_CASE("a file that cannot be read is a problem of its own") {
  Diagnostics diagnostics;
  const LoadOptions options{config::environment_of({}), &config::no_files(), fake_receiver,
                            nullptr};
  CHECK_FALSE(load_config("/etc/tocsin/none.yml", diagnostics, options));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(render_text(diagnostics.all()[0], false) ==
        "/etc/tocsin/none.yml: error C901: the configuration cannot be read: No such file or "
        "directory\n");
}

}  // namespace
}  // namespace tocsin::pipeline
