#include "differential/correlation_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/time.h"

namespace tocsin::differential {

using reference::PlainHit;
using reference::Texts;
using reference::Time;

namespace {

constexpr std::size_t kDecimals = 9;

Time time_of(const std::string& text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string decimals = point < text.size() ? text.substr(point + 1) : "";
  decimals.resize(kDecimals, '0');
  return std::stoll(text.substr(0, point)) * kSecond + std::stoll(decimals);
}

Texts split(const std::string& text, char at) {
  Texts out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) out.push_back(part);
  return out;
}

std::string documents(const std::string& bodies) {
  std::string out;
  for (const char* rule : {"A", "B", "C", "D"}) {
    out += fmt::format(
        "title: {0}\nname: name_{0}\nlogsource: {{product: aws, service: cloudtrail}}\n"
        "detection:\n    selection: {{eventName: {0}}}\n    condition: selection\n---\n",
        rule);
  }
  std::size_t number = 0;
  const auto begin = [&] { return fmt::format("title: c{}\ncorrelation:\n", ++number); };
  out += begin();
  for (const std::string& line : split(bodies, '\n')) {
    out += line == "---" ? "---\n" + begin() : "    " + line + "\n";
  }
  return out;
}

class CaseReader {
 public:
  std::vector<CorrelationCase> run(const std::string& path) {
    std::ifstream in(path);
    REQUIRE(in);
    for (std::string line; std::getline(in, line);) take(line);
    finish();
    return std::move(cases_);
  }

 private:
  void take(const std::string& line) {
    if (line.empty() || line.starts_with('#')) return;
    if (line.starts_with("== ")) {
      finish();
      cases_.emplace_back().name = line.substr(3);
      part_ = Part::documents;
    } else if (line == "-- steps") {
      part_ = Part::steps;
    } else if (line == "-- episodes") {
      part_ = Part::episodes;
    } else if (part_ == Part::documents) {
      bodies_ += line + "\n";
    } else if (part_ == Part::steps) {
      step(line);
    } else {
      cases_.back().expected.push_back(line);
    }
  }

  void finish() {
    if (cases_.empty()) return;
    cases_.back().yaml = documents(std::exchange(bodies_, ""));
    std::sort(cases_.back().expected.begin(), cases_.back().expected.end());
  }

  void step(const std::string& line) {
    CorrelationCase& one = cases_.back();
    Scenario& scenario = one.scenario;
    const Texts words = split(line, ' ');
    if (words[0] == ">") {
      scenario.steps.push_back({Step::Kind::advance, {}, time_of(words.at(1))});
    } else if (words[0] == "restart") {
      scenario.steps.push_back({Step::Kind::restart, {}, 0});
    } else if (words[0] == "?") {
      one.counts[scenario.steps.size()] = std::stoul(words.at(1));
    } else {
      const std::string& times = words.at(1);
      const std::size_t dots = times.find("..");
      const Time from = time_of(times.substr(0, dots));
      const Time to = dots == std::string::npos ? from : time_of(times.substr(dots + 2));
      for (Time time = from; time <= to; time += kSecond) event(words, time);
    }
  }

  void event(const Texts& words, Time time) {
    Scenario& scenario = cases_.back().scenario;
    PlainHit hit;
    hit.time = time;
    hit.event = fmt::format("e{:03}", scenario.hits.size());
    hit.source = "test";
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::size_t sign = words[i].find('=');
      const std::string name = words[i].substr(0, sign), value = words[i].substr(sign + 1);
      if (name == "event") {
        hit.event = value;
      } else if (name == "source") {
        hit.source = value;
      } else {
        hit.fields[name] = split(value, '|');
      }
    }
    Step& step = scenario.steps.emplace_back();
    for (const std::string& rule : split(words[0], '+')) {
      hit.rule = rule == "-" ? "" : rule;
      step.hits.push_back(scenario.hits.size());
      scenario.hits.push_back(hit);
    }
  }

  enum class Part { documents, steps, episodes } part_ = Part::documents;
  std::vector<CorrelationCase> cases_;
  std::string bodies_;
};

}  // namespace

std::vector<CorrelationCase> read_correlation_cases(const std::string& path) {
  return CaseReader().run(path);
}

std::string time_text(Time time) {
  std::string out = fmt::format("{}{}", time < 0 ? "-" : "", std::abs(time / kSecond));
  std::string decimals = fmt::format("{:09}", std::abs(time % kSecond));
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return decimals.empty() ? out : out + "." + decimals;
}

std::string describe(const CorrelationRules& rules, const reference::Episode& episode) {
  return fmt::format("{} [{}] firings={} first={} last={} window={}..{} hits={} measure={}",
                     rules.set->correlations[episode.correlation].meta.title,
                     fmt::join(episode.group, ", "), episode.firings, time_text(episode.first),
                     time_text(episode.last), time_text(episode.window_begin),
                     time_text(episode.window_end), episode.hits, episode.measure);
}

std::vector<std::string> describe(const CorrelationRules& rules,
                                  const std::vector<reference::Episode>& episodes) {
  std::vector<std::string> out;
  for (const reference::Episode& one : episodes) out.push_back(describe(rules, one));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tocsin::differential
