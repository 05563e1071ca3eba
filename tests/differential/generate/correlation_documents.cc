#include "differential/generate/correlation_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::differential {
namespace {

constexpr std::array kSpans = {1, 2, 3, 5, 10};
constexpr std::array kGroupings = {
    "",       "",       "[user]",     "[user]",         "user",         "[user, region]",
    "[tags]", "[tags]", "[user, ip]", "[tags, region]", "[user, tags]", "[tocsin.source]"};
constexpr std::array kCountedFields = {"name",         "name",         "region",         "tags",
                                       "[name, user]", "[region, ip]", "[tags, region]", "size"};
constexpr std::array kUsedFields = {"name", "agent", "ip", "tags", "[name, region]", "[agent, ip]"};
constexpr std::array kOperators = {"lt", "lte", "gt", "gte", "eq", "neq"};

// A document that others may refer to.
struct Name {
  std::string title, name, id;
  bool is_input = true;
};

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  CorrelationDocuments run() {
    const std::size_t rules = 2 + random_.below(3);
    for (std::size_t i = 0; i < rules; ++i) rule(i);
    const std::size_t count = 3 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i) correlation(i);
    return std::move(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_.yaml), format, std::forward<Args>(args)...);
    out_.yaml += '\n';
  }

  void begin(const std::string& title) {
    if (!out_.yaml.empty()) line("---");
    const std::size_t number = names_.size();
    names_.push_back(
        {title, "name_" + title, fmt::format("00000000-0000-4000-8000-{:012}", number), true});
    line("title: {}\nname: {}\nid: {}", title, names_.back().name, names_.back().id);
  }

  void rule(std::size_t number) {
    begin(fmt::format("r{}", number));
    out_.rules.push_back(names_.back().title);
    line("logsource: {{product: aws, service: cloudtrail}}");
    line("detection:\n    selection: {{eventName: r{}}}\n    condition: selection", number);
  }

  std::string reference(const Name& to) {
    switch (random_.below(6)) {
      case 0:
        return to.id;
      case 1:
        return to.name;
      default:
        return to.title;
    }
  }

  // Documents, mostly rules; `repeated`: how often one is listed twice, in percent.
  std::vector<std::string> inputs(std::size_t least, std::size_t repeated) {
    const std::size_t rules = out_.rules.size();
    std::vector<std::size_t> from;
    for (std::size_t i = 0; i + 1 < names_.size(); ++i) {
      if (names_[i].is_input && (i < rules || random_.percent(25))) from.push_back(i);
    }
    for (std::size_t i = from.size(); i > 1; --i) std::swap(from[i - 1], from[random_.below(i)]);
    least = std::min(least, from.size());
    from.resize(least + random_.below(std::min<std::size_t>(from.size() - least + 1, 3)));
    std::vector<std::string> out;
    for (const std::size_t i : from) out.push_back(reference(names_[i]));
    if (random_.percent(repeated)) out.push_back(reference(names_[from[0]]));
    return out;
  }

  void correlation(std::size_t number) {
    begin(fmt::format("c{}", number));
    ++out_.correlations;
    line("correlation:");
    constexpr std::array kTypes = {
        "event_count",      "event_count",      "value_count", "value_sum",    "value_avg",
        "value_median",     "value_percentile", "temporal",    "temporal",     "temporal_ordered",
        "temporal_ordered", "new_value",        "new_value",   "silent_source"};
    const std::string type = random_.pick(kTypes);
    line("    type: {}", type);
    if (type == "new_value") return new_value();
    if (type == "silent_source") return silent_source();
    const bool temporal = type.starts_with("temporal");
    const bool boolean = temporal && random_.percent(50);
    const std::vector<std::string> rules = inputs(temporal ? 2 : 1, boolean ? 0 : 5);
    line("    rules: [{}]", fmt::join(rules, ", "));
    grouping(rules);
    timespan();
    if (!boolean && random_.percent(30)) {
      line("    window: {}", random_.percent(50) ? "tumbling" : "session");
    }
    if (boolean) {
      line("    condition: {}", expression(rules));
    } else if (!temporal || random_.percent(60)) {
      line("    condition:");
      if (!temporal) measured(type);
      bounds(type, rules.size());
    }
  }

  void grouping(const std::vector<std::string>& rules) {
    const std::string fields = random_.pick(kGroupings);
    if (!fields.empty()) line("    group-by: {}", fields);
    if (fields.find("user") != std::string::npos && random_.percent(40)) {
      line("    aliases:\n        user:");
      for (const std::string& rule : rules) {
        if (rule == rules.front() || random_.percent(40)) line("            {}: who", rule);
        if (rule == rules.back()) break;  // it may be listed twice
      }
    }
    if (random_.percent(50)) line("    generate: true");
  }

  void timespan() {
    const int seconds = random_.pick(kSpans);
    out_.timespans.push_back(seconds * std::int64_t{1'000'000'000});
    line("    timespan: {}s", seconds);
  }

  void measured(const std::string& type) {
    if (type == "value_count") {
      line("        field: {}", random_.pick(kCountedFields));
    } else if (type != "event_count") {
      line("        field: {}", random_.percent(85) ? "size" : "sizes");
    }
    if (type == "value_percentile") {
      constexpr std::array kPercentiles = {0, 10, 25, 50, 75, 90, 100};
      line("        percentile: {}", random_.pick(kPercentiles));
    }
  }

  void bounds(const std::string& type, std::size_t rules) {
    constexpr std::array kNumbers = {"0", "0.3", "0.5", "1", "1.5", "2", "3", "5.25", "10"};
    const bool of_numbers = type.starts_with("value_") && type != "value_count";
    const std::size_t most = of_numbers                     ? kNumbers.size() - 1
                             : type.starts_with("temporal") ? rules
                                                            : 5;
    const auto number = [&](std::size_t n) {
      return of_numbers ? std::string(kNumbers[n]) : std::to_string(n);
    };
    const std::size_t kind = random_.below(100);
    if (kind < 20) {  // a range
      const std::size_t low = random_.below(most), high = low + 1 + random_.below(most - low);
      line("        {}: {}", high > low + 1 && random_.percent(50) ? "gt" : "gte", number(low));
      line("        {}: {}", random_.percent(50) ? "lt" : "lte", number(high));
    } else if (kind < 60) {
      line("        gte: {}", number(random_.below(most + 1)));
    } else if (kind < 65) {
      line("        eq: 0");
    } else {
      const std::string op = random_.pick(kOperators);
      const std::size_t least = op == "lt" ? 1 : 0;
      line("        {}: {}", op, number(least + random_.below(most - least)));
    }
  }

  // Uses every rule.
  std::string expression(std::vector<std::string> rules) {
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
    for (std::size_t i = rules.size(); i > 1; --i) std::swap(rules[i - 1], rules[random_.below(i)]);
    if (random_.percent(60)) {  // some of them, and none of the others
      const std::size_t wanted = 1 + random_.below(rules.size());
      std::string out = rules[0];
      for (std::size_t i = 1; i < rules.size(); ++i) {
        out += (i < wanted ? " and " : " and not ") + rules[i];
      }
      return out;
    }
    if (random_.percent(30)) rules.push_back(rules[0]);
    return tree(rules, 0, rules.size());
  }

  std::string tree(const std::vector<std::string>& rules, std::size_t begin, std::size_t end) {
    // The first one is wanted, so that most expressions ask for something.
    const bool negated = begin > 0 && random_.percent(end - begin == 1 ? 35 : 15);
    std::string out = rules[begin];
    if (end - begin > 1) {
      const std::size_t middle = begin + 1 + random_.below(end - begin - 1);
      const bool all = begin == 0 || random_.percent(50);
      out = "(" + tree(rules, begin, middle) + (all ? " and " : " or ") + tree(rules, middle, end) +
            ")";
    }
    return negated ? "not " + out : out;
  }

  void new_value() {
    const std::vector<std::string> rules = inputs(1, 5);
    line("    rules: [{}]", fmt::join(rules, ", "));
    grouping(rules);
    const std::string fields = random_.pick(kUsedFields);
    line("    field: {}", fields);
    constexpr std::array kForget = {"1s", "256s", "300s", "512s"};
    constexpr std::array kLearning = {"1s", "3s", "10s", "300s"};
    if (random_.percent(60)) line("    forget: {}", random_.pick(kForget));
    if (random_.percent(40)) line("    learning: {}", random_.pick(kLearning));
    if (random_.percent(30)) line("    min-known: {}", 1 + random_.below(3));
    if (fields.find("agent") != std::string::npos && random_.percent(60)) {
      line("    ignore-versions: agent");
    }
    if (fields.find("ip") != std::string::npos && random_.percent(60)) {
      line("    prefix-length: {{ip: {{ipv4: {}, ipv6: {}}}}}", 8 + random_.below(25),
           16 + random_.below(113));
    }
    out_.timespans.push_back(256 * std::int64_t{1'000'000'000});
  }

  void silent_source() {
    if (random_.percent(60)) {
      const std::vector<std::string> rules = inputs(1, 5);
      line("    rules: [{}]", fmt::join(rules, ", "));
      grouping(rules);
    } else {
      const std::string fields = random_.pick(kGroupings);
      if (!fields.empty()) line("    group-by: {}", fields);
      // Its firings have the fields of its groups only: an event must not have several of them.
      names_.back().is_input = fields.empty() || fields == "[tocsin.source]";
    }
    timespan();
  }

  Random& random_;
  CorrelationDocuments out_;
  std::vector<Name> names_;
};

}  // namespace

CorrelationDocuments make_correlations(Random& random) {
  return Writer(random).run();
}

}  // namespace tocsin::differential
