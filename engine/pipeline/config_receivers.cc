// The section `receivers`. What an entry means is known to the notifier of its type.
#include <fmt/format.h>

#include <algorithm>

#include "config/document.h"
#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

using config::Settings;

constexpr std::size_t kReceivers = 64;

// What stands for a configuration without receivers.
constexpr std::string_view kDefaultReceivers =
    "receivers:\n"
    "  - name: stdout\n"
    "    type: stdout\n";

void add(Settings& entry, Reading& reading) {
  const std::string name = entry.text("name");
  if (!name.empty()) {
    // The receiver itself is strict about its name.
    std::vector<std::string>& names = reading.receiver_names;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      entry.report(Severity::error, "C912", entry.at("name"),
                   fmt::format("there are two receivers with the name `{}`", name));
    }
    names.push_back(name);
  }
  std::optional<deliver::Receiver> receiver = reading.options.make_receiver(entry);
  if (receiver) reading.config.receivers.push_back(*std::move(receiver));
}

void add_all(Settings& root, Reading& reading) {
  std::vector<Settings> entries = root.maps("receivers", false);
  if (entries.size() > kReceivers) {
    root.report(Severity::error, "C907", root.at("receivers"),
                fmt::format("there are {} receivers; the limit is {}", entries.size(), kReceivers));
    return;
  }
  for (Settings& entry : entries) add(entry, reading);
}

}  // namespace

void read_receivers(Settings& root, Reading& reading) {
  if (root.has("receivers")) {
    add_all(root, reading);
    return;
  }
  config::Document document(kDefaultReceivers, "default configuration");
  document.context().environment = reading.options.environment;
  document.context().files = reading.options.files;
  if (std::optional<Settings> standard = document.root()) add_all(*standard, reading);
  reading.further.append(document.diagnostics());
}

}  // namespace tocsin::pipeline
