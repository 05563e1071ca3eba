// The section `routes`, and whether it names receivers that are there.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alert/alert.h"
#include "base/text.h"
#include "pipeline/config_sections.h"

namespace tocsin::pipeline {
namespace {

using config::PlacedText;
using config::Settings;

constexpr std::size_t kRoutes = 1000;

class RouteReader {
 public:
  explicit RouteReader(Reading& reading) : config_(reading.config), names_(reading.receiver_names) {
    const Config& config = reading.config;
    sources_.push_back(config.ingest.name);
    for (const SourceConfig& source : config.sources) sources_.push_back(source.name);
  }

  void read(Settings& routes) {
    std::vector<Settings> entries = routes.maps("rules");
    if (entries.size() > kRoutes) {
      routes.report(Severity::error, "C907", routes.at("rules"),
                    fmt::format("there are {} routes; the limit is {}", entries.size(), kRoutes));
      entries.clear();
    }
    std::vector<route::Route> read;
    bool ended = false;
    for (Settings& entry : entries) {
      if (ended) {
        entry.report(Severity::warning, "C914", entry.place(),
                     "no alert gets here: a route before this one matches every alert and has no "
                     "`continue: true`");
        ended = false;  // said once
      }
      read.push_back(read_route(entry, read.size()));
      ended = matches_all(read.back().match) && !read.back().go_on;
    }
    std::vector<std::string> otherwise(names_.begin(), names_.end());
    if (routes.has("default")) otherwise = receivers_of(routes, "default");
    if (!routes.has("default")) used_.insert(names_.begin(), names_.end());
    config_.routes = route::Routes(std::move(read), std::move(otherwise));
  }

  bool uses(const std::string& receiver) const { return used_.contains(receiver); }

 private:
  static bool matches_all(const route::Match& match) {
    return match.levels.empty() && match.rules.empty() && match.tags.empty() &&
           match.accounts.empty() && match.sources.empty();
  }

  route::Route read_route(Settings& entry, std::size_t index) {
    route::Route out;
    out.name = entry.text("name", fmt::format("{}", index + 1));
    if (!is_plain_name(out.name)) {
      std::vector<std::string> none;
      check_name(entry, "name", out.name, none);
    }
    Settings match = entry.map("match");
    out.match.levels = levels_of(match);
    out.match.rules = match.texts("rule");
    out.match.tags = match.texts("tag");
    out.match.accounts = match.texts("account");
    out.match.sources = sources_of(match);
    match.finish();
    out.receivers = receivers_of(entry, "receivers");
    if (!entry.has("receivers")) {
      entry.report(Severity::error, "C904", entry.at("receivers"),
                   fmt::format("{} is missing its `receivers`", entry.what()));
    }
    out.go_on = entry.boolean("continue", false);
    entry.finish();
    return out;
  }

  static std::vector<std::string> levels_of(Settings& match) {
    std::vector<std::string_view> known;
    for (int rank = 0; rank <= 4; ++rank) known.push_back(alert::severity_name(rank));
    std::vector<std::string> out;
    for (PlacedText& level : match.placed_texts("level")) {
      std::string_view name = level.text;
      if (name.starts_with(">=")) name = text::trim(name.substr(2));
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        match.report(Severity::error, "C905", level.at,
                     fmt::format("a level is one of {}, or like `>=high`; there is no `{}`",
                                 fmt::join(known, ", "), level.text),
                     std::string(text::nearest(name, known)));
      }
      out.push_back(std::move(level.text));
    }
    return out;
  }

  std::vector<std::string> sources_of(Settings& match) {
    std::vector<std::string> out;
    for (PlacedText& source : match.placed_texts("source")) {
      const bool pattern = source.text.find('*') != std::string::npos;
      if (!pattern) require_known(match, source, sources_, "source");
      out.push_back(std::move(source.text));
    }
    return out;
  }

  std::vector<std::string> receivers_of(Settings& settings, std::string_view key) {
    std::vector<std::string> out;
    const std::vector<PlacedText> found = settings.placed_texts(key);
    if (found.empty() && settings.has(key)) {
      settings.report(Severity::error, "C904", settings.at(key),
                      fmt::format("{}.{} names no receiver", settings.what(), key));
    }
    for (const PlacedText& name : found) {
      if (!require_known(settings, name, names_, "receiver")) continue;
      used_.insert(name.text);
      out.push_back(name.text);
    }
    return out;
  }

  static bool require_known(Settings& settings, const PlacedText& name,
                            const std::vector<std::string>& known, std::string_view kind) {
    if (std::find(known.begin(), known.end(), name.text) != known.end()) return true;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const std::string_view near = text::nearest(name.text, names);
    std::string message = fmt::format("there is no {} `{}`", kind, name.text);
    if (near.empty() && !names.empty())
      message += fmt::format("; there are {}", fmt::join(names, ", "));
    settings.report(Severity::error, "C913", name.at, std::move(message), std::string(near));
    return false;
  }

  Config& config_;
  const std::vector<std::string>& names_;  // of receivers
  std::vector<std::string> sources_;
  std::set<std::string> used_;
};

}  // namespace

void read_routes(Settings& root, Reading& reading) {
  Settings routes = root.map("routes");
  RouteReader reader(reading);
  reader.read(routes);
  routes.finish();
  for (Settings& entry : root.maps("receivers")) {
    const std::string name = entry.text("name");
    if (!name.empty() && !reader.uses(name)) {
      entry.report(Severity::warning, "C914", entry.at("name"),
                   fmt::format("no route leads to the receiver `{}`", name));
    }
  }
}

}  // namespace tocsin::pipeline
