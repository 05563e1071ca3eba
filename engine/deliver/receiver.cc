// make_receiver() of dispatcher.h: the keys that every receiver has, whatever its type.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "deliver/dispatcher.h"
#include "net/crypto.h"

namespace tocsin::deliver {
namespace {

constexpr std::size_t kNameBytes = 64;
constexpr std::int64_t kMostConcurrency = 8;
constexpr double kMostRate = 10'000;
constexpr std::int64_t kMostBurst = 10'000;
constexpr std::int64_t kMinuteMs = 60'000, kDayMs = 24LL * 60 * kMinuteMs;

// Names stand in metrics, on the command line and in the outbox.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

const NotifierEntry* find_notifier(config::Settings& settings, const std::string& type) {
  std::vector<std::string_view> types;
  for (const NotifierEntry& entry : notifiers()) {
    if (entry.type == type) return &entry;
    types.push_back(entry.type);
  }
  std::string suggestion;
  if (const std::string_view near = text::nearest(type, types); !near.empty()) {
    suggestion = fmt::format("did you mean `{}`?", near);
  }
  settings.error("type",
                 fmt::format("there is no receiver type `{}`; there are {}", text::printable(type),
                             fmt::join(types, ", ")),
                 std::move(suggestion));
  return nullptr;
}

void read_networks(config::Settings& settings, net::EgressPolicy& egress) {
  for (const config::PlacedText& text : settings.placed_texts("allow_networks")) {
    if (Result<IpPrefix> network = parse_cidr(text.text)) {
      egress.allowed.push_back(*network);
    } else {
      settings.report(Severity::error, "C906", text.at, std::move(network.error().message));
    }
  }
}

void read_proxy(config::Settings& settings, net::ClientOptions& client) {
  client.proxy = settings.text("proxy");
  if (client.proxy.empty() || client.proxy == "none") return;
  static constexpr std::string_view kSchemes[] = {"http://", "https://", "socks5h://", "socks5://"};
  if (std::none_of(std::begin(kSchemes), std::end(kSchemes),
                   [&](std::string_view scheme) { return client.proxy.starts_with(scheme); })) {
    settings.error("proxy",
                   "a proxy is written as http://host:port (or https://, socks5h://, socks5://); "
                   "`none` is no proxy");
  }
}

void read_client(config::Settings& settings, net::ClientOptions& client) {
  client.timeout_ms = settings.duration_ms("timeout", client.timeout_ms, 100, 5 * kMinuteMs);
  client.connect_timeout_ms = std::min(client.connect_timeout_ms, client.timeout_ms);
  client.ca_file = settings.path("ca_file");
  client.client_certificate_file = settings.path("client_certificate_file");
  client.client_key_file = settings.path("client_key_file");
  if (client.client_certificate_file.empty() != client.client_key_file.empty()) {
    settings.error(client.client_key_file.empty() ? "client_certificate_file" : "client_key_file",
                   "client_certificate_file and client_key_file go together");
  }
  read_proxy(settings, client);
  read_networks(settings, client.egress);
}

void read_traits(config::Settings& settings, Traits& traits) {
  traits.rate = settings.number("rate", traits.rate, 0, kMostRate);
  traits.burst = static_cast<unsigned>(settings.integer("burst", traits.burst, 1, kMostBurst));
  traits.concurrency = static_cast<unsigned>(
      settings.integer("concurrency", traits.concurrency, 1, kMostConcurrency));
}

}  // namespace

std::optional<Receiver> make_receiver(config::Settings& settings) {
  Receiver receiver;
  receiver.name = settings.required_text("name");
  if (!receiver.name.empty() && !is_name(receiver.name)) {
    settings.error("name", fmt::format("a receiver's name is made of letters, digits, `_`, `-` and "
                                       "`.`, at most {} of them",
                                       kNameBytes));
  }
  receiver.type = settings.required_text("type");
  const NotifierEntry* entry =
      receiver.type.empty() ? nullptr : find_notifier(settings, receiver.type);
  // Without a type nobody knows which keys there may be: they are not complained about.
  if (entry == nullptr) return std::nullopt;

  receiver.traits = entry->traits;
  read_traits(settings, receiver.traits);
  receiver.expires_after_ms =
      settings.duration_ms("expires_after", receiver.expires_after_ms, 1'000, 30 * kDayMs);
  read_client(settings, receiver.client);
  receiver.notifier = entry->make(settings);
  settings.finish();
  if (receiver.notifier == nullptr || !is_name(receiver.name)) return std::nullopt;
  receiver.fingerprint = net::hex(net::as_text(net::sha256(settings.everything().reveal())));
  return receiver;
}

}  // namespace tocsin::deliver
