// The section `sources`. An entry's own keys are read by the source of its type.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/text.h"
#include "net/crypto.h"
#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

using config::Settings;

std::vector<std::string_view> source_types() {
  std::vector<std::string_view> types;
  for (const source::SourceEntry& entry : source::sources()) types.push_back(entry.type);
  return types;
}

// nullptr: reported.
const source::SourceEntry* find_entry(Settings& settings, const std::string& type) {
  if (const source::SourceEntry* entry = source::find_source(type)) return entry;
  const std::vector<std::string_view> types = source_types();
  if (type.empty()) {
    settings.report(Severity::error, "C904", settings.at("type"),
                    fmt::format("{} is missing its `type`, one of: {}", settings.what(),
                                fmt::join(types, ", ")));
    return nullptr;
  }
  const std::string_view near = text::nearest(type, types);
  settings.report(Severity::error, "C905", settings.at("type"),
                  fmt::format("there is no source type `{}`; there are {}", text::printable(type),
                              fmt::join(types, ", ")),
                  std::string(near));
  return nullptr;
}

}  // namespace

void read_sources(Settings& root, Reading& reading) {
  Config& config = reading.config;
  std::vector<std::string> names{config.ingest.name};
  std::set<std::string_view> singles;
  for (Settings& settings : root.maps("sources")) {
    SourceConfig source;
    source.name = settings.required_text("name");
    if (check_name(settings, "name", source.name, names)) names.push_back(source.name);
    source.type = settings.text("type");
    // Without a type it is unknown which keys there may be.
    if (const source::SourceEntry* entry = find_entry(settings, source.type)) {
      if (entry->is_single && !singles.insert(entry->type).second) {
        settings.report(Severity::error, "C917", settings.at("type"),
                        fmt::format("there can be only one source of type `{}`", entry->type));
      }
      source.source = entry->make(source.name, settings);
      settings.finish();
      source.fingerprint = net::hex(net::as_text(net::sha256(settings.everything().reveal())));
    }
    config.sources.push_back(std::move(source));  // routes may name it
  }
}

}  // namespace tocsin::pipeline
