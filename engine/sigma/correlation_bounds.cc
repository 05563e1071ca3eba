#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/limits.h"
#include "sigma/correlation_section.h"

namespace tocsin::sigma {
namespace {

using Type = Correlation::Type;
using Operator = Correlation::Operator;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The numbers from `least` to `most`; an open end does not belong to them.
struct Range {
  double least = -kInfinity, most = kInfinity;
  bool least_open = false, most_open = false;

  bool empty() const { return least > most || (least == most && (least_open || most_open)); }
  void raise(double to, bool open) {
    if (to > least || (to == least && open)) least = to, least_open = open;
  }
  void lower(double to, bool open) {
    if (to < most || (to == most && open)) most = to, most_open = open;
  }
  // Of whole numbers: the same ones, with closed ends.
  void make_whole() {
    least = least_open ? std::floor(least) + 1 : std::ceil(least);
    most = most_open ? std::ceil(most) - 1 : std::floor(most);
    least_open = most_open = false;
  }
};

bool is_average(Type type) {
  return type == Type::value_avg || type == Type::value_percentile || type == Type::value_median;
}

bool only_grows(const Correlation::Bound& bound) {
  return bound.op == Operator::gt || bound.op == Operator::gte;
}

class BoundsCheck {
 public:
  BoundsCheck(const Correlation& correlation, Reporter& report)
      : correlation_(correlation), report_(report) {}

  void run() {
    if (counts() && !check_size()) return;
    for (const Correlation::Bound& bound : correlation_.bounds) narrow(bound);
    const Range possible = measures();
    Range fulfilled = asked_;
    fulfilled.raise(possible.least, possible.least_open);
    fulfilled.lower(possible.most, possible.most_open);
    if (counts()) fulfilled.make_whole();
    leave_out_excluded(fulfilled);
    if (fulfilled.empty()) {
      report_.error("S412", correlation_.bounds.back().at, "no group can fulfil this condition");
    } else if (fulfils_all(possible)) {
      report_.warning("W621", correlation_.bounds.back().at,
                      "every group fulfils this condition: it holds with every hit");
    }
  }

 private:
  bool counts() const {
    const Type type = correlation_.type;
    return type == Type::event_count || type == Type::value_count || is_temporal(type);
  }

  // What can come out of a group of which there is something.
  Range measures() const {
    Range range;
    if (is_average(correlation_.type)) return range;
    // What is decided later is looked at without a hit, too.
    const bool at_hits =
        std::all_of(correlation_.bounds.begin(), correlation_.bounds.end(), only_grows);
    range.least = at_hits && counts() ? 1 : 0;
    if (is_temporal(correlation_.type)) {
      range.most = static_cast<double>(correlation_.rules.size());
    } else if (counts()) {
      range.most = limits::kCorrelationCount;
    }
    return range;
  }

  bool check_size() {
    for (const Correlation::Bound& bound : correlation_.bounds) {
      const double most = limits::kCorrelationCount - (bound.op == Operator::gt ? 1 : 0);
      if (is_temporal(correlation_.type)) {
        const auto rules = static_cast<double>(correlation_.rules.size());
        if (bound.value <= rules || rules == 0) continue;
        report_.error("S412", bound.at,
                      fmt::format("it counts how many of its rules have matched, and has only {}",
                                  correlation_.rules.size()));
        return false;
      }
      if (bound.value <= most) continue;
      report_.error("S412", bound.at,
                    fmt::format("at most {:.0f} hits of a group are kept, so that nothing can be "
                                "counted further; use a shorter time span",
                                limits::kCorrelationCount));
      return false;
    }
    return true;
  }

  void narrow(const Correlation::Bound& bound) {
    switch (bound.op) {
      case Operator::lt:
      case Operator::lte:
        return asked_.lower(bound.value, bound.op == Operator::lt);
      case Operator::gt:
      case Operator::gte:
        return asked_.raise(bound.value, bound.op == Operator::gt);
      case Operator::eq:
        asked_.raise(bound.value, false);
        return asked_.lower(bound.value, false);
      case Operator::neq:
        excluded_.push_back(bound.value);
    }
  }

  // `neq` matters where it takes away the last number that is left.
  void leave_out_excluded(Range& range) const {
    const auto excluded = [&](double number) {
      return std::find(excluded_.begin(), excluded_.end(), number) != excluded_.end();
    };
    if (!counts()) {
      if (range.least == range.most && excluded(range.least)) range.least_open = true;
      return;
    }
    while (!range.empty() && excluded(range.least)) ++range.least;
  }

  bool fulfils_all(const Range& possible) const {
    if (is_average(correlation_.type)) return false;  // of no number at all there is none
    const auto inside = [&](double number) {
      const bool whole = !counts() || number == std::floor(number);
      return whole && number >= possible.least && number <= possible.most;
    };
    if (std::any_of(excluded_.begin(), excluded_.end(), inside)) return false;
    Range asked = asked_;
    if (counts()) asked.make_whole();
    const bool from_least =
        asked.least < possible.least || (asked.least == possible.least && !asked.least_open);
    return from_least && asked.most >= possible.most;
  }

  const Correlation& correlation_;
  Reporter& report_;
  Range asked_;
  std::vector<double> excluded_;
};

}  // namespace

void check_bounds(const Correlation& correlation, Reporter& report) {
  BoundsCheck(correlation, report).run();
}

}  // namespace tocsin::sigma
