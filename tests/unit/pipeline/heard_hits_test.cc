// HeardHits against an obvious model: every hit that was taken, and what rows of the store cover.
#include "pipeline/heard_hits.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <utility>

#include "base/time.h"
#include "unit/pipeline/over_time.h"

namespace tocsin::pipeline {
namespace {

using correlate::Time;

constexpr Time kSpan = 64 * kSecond;

struct Interval {
  Time begin = 0, end = 0;
  auto operator<=>(const Interval&) const = default;
};
using Intervals = std::vector<Interval>;

// Stretches: intervals joined where no gap is longer than T.
Intervals stretches(Intervals intervals) {
  std::sort(intervals.begin(), intervals.end());
  Intervals out;
  for (const Interval& each : intervals) {
    if (out.empty() || each.begin - out.back().end > kSpan) {
      out.push_back(each);
    } else {
      out.back().end = std::max(out.back().end, each.end);
    }
  }
  return out;
}

// HeardHits, everything that was taken, and a store.
class Watched {
 public:
  using ByGroup = std::map<std::string, Intervals>;  // by packed fields

  explicit Watched(std::uint64_t seed)
      : random_(seed),
        live_(live_of(correlation_yaml("silence",
                                       "{type: silent_source, group-by: [recipientAccountId], "
                                       "timespan: 64s}"),
                      registry_)) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void take(const std::string& account, Time begin, Time end) {
    correlate::Key event{};
    event[0] = static_cast<std::uint8_t>(below(4));  // often the same at the same time
    correlate::HitBatch one;
    one.begin_hit(correlations().heard_by(0), end, event, begin);
    correlate::FieldPacker fields = one.fields();
    fields.begin_field(0, 1);
    fields.value(account);
    one.end_hit({});
    const auto before = newest_.find(std::string(one[0].fields.packed()));
    const bool is_silence = before != newest_.end() && begin - before->second.time > kSpan;
    const correlate::HitRef last = is_silence ? before->second.ref : 0;
    heard_.take(live_->ruleset.correlations, one[0], next_, kSpan);
    // The silence that ends with this hit is told with the last one before it.
    if (is_silence) REQUIRE((heard_.find(last).has_value() || disk_.contains(last)));
    taken_[std::string(one[0].fields.packed())].push_back({begin, end});
    REQUIRE(heard_.find(newest_with(one[0])).has_value());
    ++next_;
  }

  void write(bool all, bool succeeds) {
    Disk disk = disk_;
    std::map<correlate::HitRef, int> seen;
    for (const HeardHits::Row& row : heard_.due(all)) {
      REQUIRE(++seen[row.ref] == 1);
      const auto [group, interval] = read(row);
      const auto before = disk.find(row.ref);
      if (before != disk.end()) {
        // A row is written again only with more than it had.
        REQUIRE(before->second.second.begin > interval.begin);
        REQUIRE(before->second.second.end == interval.end);
      }
      disk[row.ref] = {group, interval};
    }
    if (!succeeds) return heard_.failed();
    disk_ = std::move(disk);
    heard_.committed();
    CHECK_FALSE(heard_.has_due());
    if (all) CHECK_FALSE(heard_.has_unwritten());
  }

  // What the store knows, with what is only in memory or without it, is what was taken.
  void check(bool with_memory) {
    ByGroup known;
    for (const auto& [ref, row] : disk_) known[row.first].push_back(row.second);
    if (with_memory) {
      REQUIRE(heard_.each_unwritten(
          &correlations(), [&](const correlate::HitBatch& hit, correlate::HitRef) -> Status {
            known[std::string(hit[0].fields.packed())].push_back({hit[0].since, hit[0].time});
            return {};
          }));
    }
    for (const auto& [group, intervals] : taken_) {
      REQUIRE(stretches(known[group]) == stretches(intervals));
    }
  }
  // After a write of what is due: a stretch may end too early by little, and none is missing.
  void check_due() {
    ByGroup known;
    for (const auto& [ref, row] : disk_) known[row.first].push_back(row.second);
    for (const auto& [group, intervals] : taken_) {
      const Intervals expected = stretches(intervals), found = stretches(known[group]);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        REQUIRE(found[i].begin == expected[i].begin);
        REQUIRE(expected[i].end - found[i].end <= kSpan / HeardHits::kSteps);
      }
    }
  }
  std::size_t rows() const { return disk_.size(); }
  std::size_t hits() const { return next_; }

 private:
  struct Newest {
    Time time;
    correlate::Key event;
    correlate::HitRef ref;
  };
  using Disk = std::map<correlate::HitRef, std::pair<std::string, Interval>>;

  const correlate::Correlations& correlations() const { return *live_->ruleset.correlations; }

  std::pair<std::string, Interval> read(const HeardHits::Row& row) const {
    const auto kept = correlate::read_blob(row.hits, correlations());
    REQUIRE(kept);
    REQUIRE(kept->hits.size() == 1);
    const correlate::Hit hit = kept->hits[0];
    REQUIRE(row.until == hit.time + kSpan);
    return {std::string(hit.fields.packed()), {hit.since, hit.time}};
  }

  // The hit with which the correlator ends the latest stretch of the group of `hit`, which has the
  // number next_: of several with the same time and event the first received.
  correlate::HitRef newest_with(const correlate::Hit& hit) {
    const Newest at{hit.time, hit.event, next_};
    Newest& newest = newest_.try_emplace(std::string(hit.fields.packed()), at).first->second;
    if (std::tie(newest.time, newest.event) < std::tie(at.time, at.event)) newest = at;
    return newest.ref;
  }

  std::mt19937_64 random_;
  metrics::Registry registry_;
  const std::shared_ptr<Live> live_;
  HeardHits heard_;
  correlate::HitRef next_ = 0;
  ByGroup taken_;
  std::map<std::string, Newest> newest_;
  Disk disk_;
};

TEST_CASE("all that was taken is in the store once, whatever writes failed in between") {
  std::size_t hits = 0, rows = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    Watched watched(seed);
    Time now = 1000 * kSpan;
    for (int step = 0; step < 120; ++step) {
      // Mostly forward by little; at times a gap of about T, and out of order by more than T.
      const std::uint64_t kind = watched.below(10);
      if (kind == 0) now += kSpan - 2 * kSecond + static_cast<Time>(watched.below(4)) * kSecond;
      if (kind != 0) now += static_cast<Time>(watched.below(4)) * kSecond;
      const Time late = watched.below(5) == 0 ? static_cast<Time>(watched.below(200)) * kSecond : 0;
      const Time length =
          watched.below(4) == 0 ? static_cast<Time>(watched.below(60)) * kSecond : 0;
      watched.take("account " + std::to_string(watched.below(3)), now - late - length, now - late);
      if (watched.below(3) == 0) {
        const bool succeeds = watched.below(3) != 0;
        watched.write(watched.below(8) == 0, succeeds);
        if (succeeds) watched.check_due();
      }
      watched.check(true);
    }
    watched.write(true, true);
    watched.check(false);
    watched.write(true, true);
    hits += watched.hits();
    rows += watched.rows();
  }
  CHECK(rows < hits * 3 / 4);
}

TEST_CASE("a stretch that is in the store is not written again when a gap follows it") {
  Watched watched(1);
  watched.take("a", 0, 0);
  watched.write(false, true);
  watched.take("a", kSpan + kSecond, kSpan + kSecond);
  watched.write(false, true);  // checks that no row is written twice
  CHECK(watched.rows() == 2);
  watched.check(false);
}

}  // namespace
}  // namespace tocsin::pipeline
