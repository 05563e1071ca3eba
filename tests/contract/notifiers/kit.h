// What the contract is checked on: every entry of the registry, made from the least that its
// settings ask for, and alerts to send.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "deliver/notifier.h"

namespace tocsin::contract {

// Texts that must never be seen in a reason, an answer or a payload.
inline constexpr std::string_view kCanaryToken = "canary0TOKEN1b2c3d4e5f";
inline constexpr std::string_view kCanaryPath = "canary0PATHa1b2c3d4e5";
inline constexpr std::string_view kCanaryHeader = "canary0HEADER9z8y7x6w";
// whsec_ and 32 bytes: "canary canary canary canary 1234"
inline constexpr std::string_view kSigningSecret =
    "whsec_Y2FuYXJ5IGNhbmFyeSBjYW5hcnkgY2FuYXJ5IDEyMzQ=";
inline constexpr std::string_view kPreviousSecret =
    "whsec_cHJldmlvdXMgcHJldmlvdXMgcHJldmlvdXMgMTIzNDU2Nzg=";

// The least with which a notifier can be made. `${HOOK}` is a URL on the test's server.
struct Setup {
  std::string name;  // of the case
  std::string type;
  std::string yaml;
  bool http = true;
  std::string yes = {};   // the body with which its receiver says yes
  bool only_200 = false;  // no other 2xx is a yes
};
const std::vector<Setup>& setups();

using Environment = std::map<std::string, std::string>;
// HOOK, TOKEN and so on, for a server at `url`.
Environment environment(const std::string& url);

struct Made {
  std::unique_ptr<deliver::Notifier> notifier;
  std::string problems;  // "line:column: message; …"
};
Made make(const std::string& type, const std::string& yaml, const Environment& environment);
// The same, which must succeed.
std::unique_ptr<deliver::Notifier> made(const Setup& setup, const std::string& url);

const deliver::NotifierEntry* entry(const std::string& type);

net::ClientOptions loopback(std::int64_t timeout_ms = 5'000);

// An alert of tests/contract/notifiers/alerts, without ".json".
std::string alert_line(const std::string& name);
deliver::Item item(const std::string& json_line, const std::string& key, std::uint64_t count = 1);
deliver::Notification notification(std::vector<deliver::Item> items, unsigned attempt = 1);

// An alert in which every text that may come from outside is `text`.
alert::Alert hostile(const std::string& text);
// The same about many events.
alert::Alert hostile_correlation(const std::string& text);
deliver::Item item(alert::Alert alert, const std::string& key);

// Sends with a client of its own.
deliver::Outcome send(const deliver::Notifier& notifier, const deliver::Notification& notification,
                      std::int64_t timeout_ms = 5'000);

// Whether a strict parser takes it.
bool is_json(const std::string& text);

std::string file_text(const std::string& path);
// A new folder below the system's temporary one, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tocsin::contract
