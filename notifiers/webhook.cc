// Webhook: any HTTP endpoint. Signed as Standard Webhooks says, the body is the alert's JSON, alone
// or in an envelope, or what a template makes of it.
#include <fmt/format.h>

#include "alert_template.h"
#include "base/json_writer.h"
#include "deliver/notifier.h"
#include "http_target.h"
#include "webhook_signature.h"

namespace tocsin::notifiers {
namespace {

using deliver::Outcome;

constexpr std::size_t kTemplateFileBytes = std::size_t{64} << 10;

enum class Envelope { none, standard, cloudevents };

struct Options {
  Secret url;
  std::string method;
  Headers headers;
  std::vector<Secret> keys;  // the newest first
  Envelope envelope = Envelope::none;
  std::string cloudevents_source;
  std::shared_ptr<const AlertTemplate> body;  // nullptr: the alert's JSON
  std::string content_type = "application/json";
};

class Webhook : public deliver::Notifier {
 public:
  explicit Webhook(Options options) : options_(std::move(options)) {}

  Outcome send(const deliver::Notification& notification,
               deliver::Channel& channel) const override {
    net::HttpRequest request;
    request.method = options_.method;
    request.url = options_.url;
    request.body = preview(notification);
    const std::string id = "msg_" + notification.key;
    const std::int64_t timestamp = notification.now_ms / 1000;
    const auto header = [&](std::string_view name, std::string value) {
      request.headers.emplace_back(name, Secret(std::move(value)));
    };
    header("Content-Type", options_.content_type);
    header("webhook-id", id);
    header("webhook-timestamp", std::to_string(timestamp));
    if (!options_.keys.empty()) {
      header("webhook-signature", webhook_signature(options_.keys, id, timestamp, request.body));
    }
    for (const auto& own : options_.headers) request.headers.push_back(own);
    return exchange(channel, request);
  }

  // The body: the same bytes for every attempt.
  std::string preview(const deliver::Notification& notification) const override {
    const deliver::Item& item = notification.items.front();
    if (options_.body != nullptr) return options_.body->render(item);
    if (options_.envelope == Envelope::none) return item.json;
    const std::string type = item.alert.status == "resolved" ? "alert.resolved" : "alert.fired";
    const std::string& time =
        item.alert.last_seen.empty() ? item.alert.detected_at : item.alert.last_seen;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    if (options_.envelope == Envelope::standard) {
      json.member("type", type).member("timestamp", time);
    } else {
      json.member("specversion", "1.0").member("id", notification.key);
      json.member("source", options_.cloudevents_source).member("type", "tocsin." + type);
      if (!item.alert.rule->id.empty()) json.member("subject", item.alert.rule->id);
      if (!time.empty()) json.member("time", time);
      json.member("datacontenttype", "application/json");
    }
    json.key("data").raw(item.json).end_object();
    return out;
  }

 private:
  const Options options_;
};

// secret and previous_secret: keys in the order in which receivers should try them.
std::vector<Secret> keys_of(config::Settings& settings) {
  std::vector<Secret> keys;
  for (const std::string key : {"secret", "previous_secret"}) {
    const Secret text = settings.secret(key);
    if (text.empty()) continue;
    Result<Secret> decoded = webhook_key(text);
    if (decoded) {
      keys.push_back(*std::move(decoded));
    } else {
      settings.error(settings.has(key) ? key : key + "_file", decoded.error().message);
    }
  }
  const auto has = [&](const std::string& key) {
    return settings.has(key) || settings.has(key + "_file");
  };
  if (has("previous_secret") && !has("secret")) {
    settings.error("previous_secret", "`previous_secret` needs `secret`, the new one, beside it");
  }
  return keys;
}

void read_template(config::Settings& settings, Options& options) {
  const std::string path = settings.path("template_file");
  options.content_type = settings.text("content_type", "application/json");
  if (path.empty()) {
    if (settings.has("content_type")) {
      settings.error("content_type", "`content_type` belongs to `template_file`");
    }
    return;
  }
  if (options.envelope != Envelope::none) {
    settings.error("envelope", "keep either `envelope` or `template_file`");
  }
  if (options.content_type.empty() ||
      options.content_type.find_first_of("\r\n") != std::string::npos) {
    settings.error("content_type", "this is not a content type, such as text/plain");
  }
  const Result<std::string> text = settings.read_file(path, kTemplateFileBytes);
  if (!text) {
    settings.error("template_file", fmt::format("{}: {}", path, text.error().message));
    return;
  }
  auto compiled = AlertTemplate::parse(*text, options.content_type);
  if (!compiled) {
    settings.error("template_file", fmt::format("{}: {}", path, compiled.error().message));
    return;
  }
  options.body = *std::move(compiled);
}

std::unique_ptr<deliver::Notifier> make(config::Settings& settings) {
  Options options;
  options.url = url_setting(settings, "url");
  if (!settings.has("url") && !settings.has("url_file")) {
    settings.error("url", "a webhook needs `url: https://…`, or `url_file: PATH`");
  }
  options.method = settings.choice("method", {"POST", "PUT"}, "POST");
  options.headers = header_settings(settings);
  options.keys = keys_of(settings);
  const std::string envelope =
      settings.choice("envelope", {"none", "standard", "cloudevents"}, "none");
  if (envelope == "standard") options.envelope = Envelope::standard;
  if (envelope == "cloudevents") options.envelope = Envelope::cloudevents;
  options.cloudevents_source = settings.text("cloudevents_source", "/tocsin");
  if (options.cloudevents_source.empty() ||
      (settings.has("cloudevents_source") && options.envelope != Envelope::cloudevents)) {
    settings.error("cloudevents_source",
                   "`cloudevents_source` is not empty, and belongs to `envelope: cloudevents`");
  }
  read_template(settings, options);
  if (options.envelope == Envelope::cloudevents) {
    options.content_type = "application/cloudevents+json; charset=utf-8";
  }
  if (options.url.empty()) return nullptr;
  return std::make_unique<Webhook>(std::move(options));
}

}  // namespace

deliver::NotifierEntry entry_webhook() {
  deliver::Traits traits;
  traits.concurrency = 4;
  return {"webhook", "an HTTP endpoint: alert JSON or a template, signed (Standard Webhooks)",
          traits, make};
}

}  // namespace tocsin::notifiers
