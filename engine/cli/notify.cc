// tocsin notify: tries a receiver, and shows what it would be told.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "alert/occurrences.h"
#include "alert/wording.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/sample_alert.h"
#include "cli/slack_card.h"
#include "cli/terminal.h"
#include "config/document.h"
#include "net/crypto.h"
#include "pipeline/config.h"

namespace tocsin::cli {
namespace {

struct NotifyArguments {
  std::string receiver;
  std::string config;
  std::string rule;
  std::string alert;
  std::string type = "slack";
  std::string output = "json";
};

// The notification about one alert. `json` is the alert's line, or "" to write it.
Result<deliver::Notification> notification_of(std::string_view json, const std::string& key) {
  Result<alert::Alert> alert = alert::parse(json);
  if (!alert) return tl::unexpected(std::move(alert.error()));
  deliver::Notification out;
  out.key = key;
  out.now_ms = system_clock().wall_ms();
  deliver::Item item;
  item.key = key;
  item.json = json;
  item.alert = *std::move(alert);
  out.items.push_back(std::move(item));
  return out;
}

std::optional<deliver::Receiver> find_receiver(pipeline::Config& config, const std::string& name) {
  std::vector<std::string_view> names;
  for (deliver::Receiver& receiver : config.receivers) {
    if (receiver.name == name) return std::move(receiver);
    names.push_back(receiver.name);
  }
  fmt::print(stderr, "tocsin: there is no receiver `{}` in {}; there are: {}\n",
             text::printable(name), text::printable(config.file), fmt::join(names, ", "));
  return std::nullopt;
}

std::optional<pipeline::Config> load_config(const std::string& path) {
  Diagnostics diagnostics;
  std::optional<pipeline::Config> config = pipeline::load_config(path, diagnostics);
  print_diagnostics(diagnostics, Severity::warning, kShownProblems);
  return config;
}

std::optional<alert::Alert> sample(const pipeline::Config& config, const std::string& rule) {
  const std::int64_t now = system_clock().wall_ms();
  if (rule.empty()) return sample_alert(now);
  const Ruleset ruleset = pipeline::load_ruleset({config.rules.paths, config.rules.lists});
  print_diagnostics(ruleset.diagnostics, Severity::error, kShownProblems);
  const auto index = find_rule(ruleset.program, rule);
  if (!index) return std::nullopt;
  return sample_alert(now, ruleset.program, *index);
}

std::string_view words(deliver::Outcome::Kind kind) {
  switch (kind) {
    case deliver::Outcome::Kind::delivered:
      return "delivered";
    case deliver::Outcome::Kind::retry:
      return "not delivered; the service would try again";
    case deliver::Outcome::Kind::rejected:
      return "rejected; the service would keep it as a dead letter";
    case deliver::Outcome::Kind::gone:
      return "rejected: the receiver is gone; the service would switch it off";
  }
  return "";
}

int test(const NotifyArguments& arguments) {
  std::optional<pipeline::Config> config = load_config(arguments.config);
  if (!config) return kError;
  std::optional<deliver::Receiver> receiver = find_receiver(*config, arguments.receiver);
  if (!receiver) return kError;
  const std::optional<alert::Alert> alert = sample(*config, arguments.rule);
  if (!alert) return kError;

  const std::string key = net::hex(net::random_bytes(16));
  alert::Occurrences occurrences;
  occurrences.source = "notify test";
  occurrences.first_seen = occurrences.last_seen = system_clock().wall_ms();
  occurrences.notification = key;
  TextBuffer json;
  alert::append_json(*alert, json);
  const auto notification = notification_of(alert::with_occurrences(json.text(), occurrences), key);
  if (!notification) {
    fmt::print(stderr, "tocsin: {}\n", notification.error().message);
    return kError;
  }
  net::HttpClient http(receiver->client);
  const std::atomic<bool> stop = false;
  deliver::Channel channel{http, stop};
  std::fflush(stdout);
  const std::int64_t start = system_clock().steady_ms();
  const deliver::Outcome outcome = receiver->notifier->send(*notification, channel);
  const std::int64_t took = system_clock().steady_ms() - start;

  fmt::print(stderr, "{} ({}): {} after {} ms\n", receiver->name, receiver->type,
             words(outcome.kind), took);
  if (outcome.kind != deliver::Outcome::Kind::delivered) {
    fmt::print(stderr, "  reason: {}\n", outcome.reason);
  }
  if (outcome.retry_after_ms) {
    fmt::print(stderr, "  it asks to wait {}\n", alert::span_words(*outcome.retry_after_ms));
  }
  std::string answer = outcome.answer.empty() ? "(nothing)" : outcome.answer;
  for (std::size_t at = 0; (at = answer.find('\n', at)) != std::string::npos; at += 11) {
    answer.insert(at + 1, "          ");
  }
  fmt::print(stderr, "  answer: {}\n", answer);
  return outcome.kind == deliver::Outcome::Kind::delivered ? kOk : kFinding;
}

// A notifier of a type, made with a place holder for its address.
std::unique_ptr<deliver::Notifier> plain_notifier(const std::string& type) {
  for (const deliver::NotifierEntry& entry : deliver::notifiers()) {
    if (entry.type != type) continue;
    const std::string yaml = type == "slack"    ? "webhook_url: ${ADDRESS}\n"
                             : type == "file"   ? "path: /dev/null\n"
                             : type == "stdout" ? "format: text\n"
                                                : "url: ${ADDRESS}\n";
    config::Document document(yaml, "(built in)");
    document.context().environment = [](const std::string&) -> std::optional<std::string> {
      return "https://receiver.invalid/";
    };
    auto settings = document.root();
    return settings ? entry.make(*settings) : nullptr;
  }
  std::vector<std::string_view> types;
  for (const deliver::NotifierEntry& entry : deliver::notifiers()) types.push_back(entry.type);
  fmt::print(stderr, "tocsin: there is no receiver type `{}`; there are {}\n",
             text::printable(type), fmt::join(types, ", "));
  return nullptr;
}

// The first line that holds something.
std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) {
      fmt::print(stderr, "tocsin: cannot read {}\n", text::printable(path));
      return std::nullopt;
    }
  }
  std::istream& in = path == "-" ? std::cin : file;
  for (std::string line; std::getline(in, line);) {
    if (!text::trim(line).empty()) return std::string(text::trim(line));
  }
  fmt::print(stderr, "tocsin: there is no alert in {}\n",
             path == "-" ? "standard input" : text::printable(path));
  return std::nullopt;
}

int preview(const NotifyArguments& arguments) {
  std::shared_ptr<const deliver::Notifier> notifier;
  std::string type = arguments.type;
  if (!arguments.receiver.empty()) {
    std::optional<pipeline::Config> config = load_config(arguments.config);
    if (!config) return kError;
    const auto receiver = find_receiver(*config, arguments.receiver);
    if (!receiver) return kError;
    notifier = receiver->notifier;
    type = receiver->type;
  } else {
    notifier = plain_notifier(type);
  }
  if (notifier == nullptr) return kError;
  if (arguments.output == "card" && type != "slack") {
    fmt::print(stderr, "tocsin: --output card shows messages for Slack only\n");
    return kError;
  }
  const std::optional<std::string> line = first_line(arguments.alert);
  if (!line) return kError;
  const auto notification = notification_of(*line, "preview");
  if (!notification) {
    fmt::print(stderr, "tocsin: {}: {}\n", text::printable(arguments.alert),
               text::printable(notification.error().message));
    return kError;
  }
  const std::string payload = notifier->preview(*notification);
  if (arguments.output == "card") {
    fmt::print("{}", render_slack_message(payload, use_color(stdout), terminal_width(stdout)));
  } else {
    fmt::print("{}{}", payload, payload.ends_with('\n') ? "" : "\n");
  }
  return kOk;
}

}  // namespace

void add_notify(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<NotifyArguments>();
  CLI::App* command = app.add_subcommand("notify", "Try receivers and see what they are told");
  command->require_subcommand(1);

  CLI::App* trial = command->add_subcommand(
      "test",
      "Send a sample alert, marked as a test, to a receiver and print its answer.\n"
      "Exit status: 0 delivered, 1 not delivered, 2 could not be tried");
  trial->add_option("RECEIVER", arguments->receiver, "Its name in the configuration")
      ->required()
      ->type_name("");
  trial->add_option("-c,--config", arguments->config, "The configuration file")
      ->required()
      ->type_name("FILE");
  trial->add_option("--rule", arguments->rule, "Send it as an alert of this rule (id, name, title)")
      ->type_name("RULE");
  trial->callback([arguments, &exit_code] { exit_code = test(*arguments); });

  CLI::App* show = command->add_subcommand(
      "preview", "Print what a receiver would be sent about an alert; nothing is sent");
  show->add_option("ALERT", arguments->alert,
                   "File with an alert's JSON (the first line counts), or - for standard input")
      ->required()
      ->type_name("");
  auto* type = show->add_option("-t,--type", arguments->type,
                                "Type of receiver: slack, webhook, alertmanager, stdout, file");
  type->type_name("TYPE");
  auto* config = show->add_option("-c,--config", arguments->config,
                                  "The configuration file that --receiver is in");
  config->type_name("FILE");
  show->add_option("--receiver", arguments->receiver, "A receiver, with its own settings")
      ->type_name("NAME")
      ->needs(config)
      ->excludes(type);
  show->add_option("-o,--output", arguments->output,
                   "json: the payload; card: a Slack message as a terminal shows it")
      ->check(CLI::IsMember({"json", "card"}))
      ->type_name("FORMAT");
  show->callback([arguments, &exit_code] { exit_code = preview(*arguments); });
}

}  // namespace tocsin::cli
