#include "route/grouping.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

namespace tocsin::route {
namespace {

constexpr Milliseconds kStart = 1'700'000'000'000;

TEST_CASE("the first firing is told, those after it are counted, and an update tells the count") {
  const GroupingOptions options{1000, 0, 0};
  std::optional<store::Group> group;
  CHECK(is_news(group, kStart));
  CHECK(add_firing(group, 50, kStart, options) == Telling::now);
  REQUIRE(group);
  CHECK(group->alert == 0);
  CHECK(group->count == 1);
  CHECK(group->told == 1);
  CHECK(group->closes == kStart + 1000);
  group->alert = 7;
  group->fingerprint[3] = 9;

  CHECK_FALSE(is_news(group, kStart + 999));
  CHECK(add_firing(group, 40, kStart + 10, options) == Telling::later);
  CHECK(add_firing(group, 60, kStart + 999, options) == Telling::later);
  CHECK(group->count == 3);
  CHECK(group->told == 1);
  CHECK(group->first_seen == 40);
  CHECK(group->last_seen == 60);
  CHECK(group->closes == kStart + 1000);

  // Late, but before anybody has ended the interval: it still belongs to it.
  CHECK(add_firing(group, 0, kStart + 1500, options) == Telling::later);
  CHECK(group->last_seen == kStart + 1500);
  CHECK(end_interval(*group, kStart + 2000, options) == Closing::update);
  CHECK(group->told == 4);
  CHECK(group->closes == kStart + 3000);
  CHECK(group->alert == 7);
  CHECK(add_firing(group, 0, kStart + 2999, options) == Telling::later);
  CHECK(end_interval(*group, kStart + 3000, options) == Closing::update);
  CHECK(end_interval(*group, kStart + 4000, options) == Closing::close);

  // Ended with nothing untold, but not closed: the next firing is news.
  CHECK(is_news(group, kStart + 4000));
  CHECK(add_firing(group, 0, kStart + 4000, options) == Telling::now);
  CHECK(group->alert == 0);
  CHECK(group->count == 1);
  CHECK(group->fingerprint[3] == 9);
}

TEST_CASE("without an interval every firing is told") {
  const GroupingOptions options{0, 0, 0};
  std::optional<store::Group> group;
  for (int i = 0; i < 3; ++i) CHECK(add_firing(group, 0, kStart, options) == Telling::now);
}

TEST_CASE("nobody waits longer than an interval, whatever the clock does") {
  const GroupingOptions options{1000, 0, 0};
  std::optional<store::Group> group;
  CHECK(add_firing(group, 0, kStart, options) == Telling::now);
  const Milliseconds earlier = kStart - 3'600'000;
  CHECK(add_firing(group, 0, earlier, options) == Telling::later);
  CHECK(group->closes == earlier + 1000);
  constexpr Milliseconds kEnd = std::numeric_limits<Milliseconds>::max();
  std::optional<store::Group> last;
  CHECK(add_firing(last, kEnd, kEnd, options) == Telling::now);
  CHECK(last->closes == kEnd);
  store::Budget budget{"", kEnd, 0};
  CHECK(spend(budget, kEnd, {0, 1, kEnd}));
}

TEST_CASE("a rule's budget is for one period") {
  const GroupingOptions options{0, 2, 100};
  store::Budget budget;
  CHECK(spend(budget, kStart, options));
  CHECK(spend(budget, kStart + 99, options));
  CHECK_FALSE(spend(budget, kStart + 99, options));
  CHECK(budget.used == 2);
  CHECK(spend(budget, kStart + 100, options));
  CHECK(budget.began == kStart + 100);
  CHECK(budget.used == 1);
  // The clock was set back: what was spent in the future does not count.
  CHECK(spend(budget, kStart - 1'000'000, options));
  CHECK(budget.began == kStart - 1'000'000);
  for (int i = 0; i < 1000; ++i) CHECK(spend(budget, kStart, {0, 0, 100}));
}

// --- against the definition ---------------------------------------------------------------------

// One notification: of `firings` of a fingerprint that have not been told before.
struct Told {
  Milliseconds at;
  int fingerprint;
  std::uint64_t firings;
  bool update;
  friend bool operator==(const Told&, const Told&) = default;
};

struct Event {
  Milliseconds at;
  int fingerprint;
};

// Ticks in milliseconds; every tick first ends the intervals that are over, then takes the events.
std::vector<Told> by_engine(const std::vector<Event>& events, Milliseconds end,
                            const GroupingOptions& options) {
  std::map<int, std::optional<store::Group>> groups;
  std::vector<Told> out;
  std::size_t next = 0;
  for (Milliseconds now = kStart; now < end; ++now) {
    for (auto& [fingerprint, group] : groups) {
      if (!group || group->closes > now) continue;
      const std::uint64_t before = group->told;
      if (end_interval(*group, now, options) == Closing::close) {
        group.reset();
      } else {
        out.push_back({now, fingerprint, group->told - before, true});
      }
    }
    for (; next < events.size() && events[next].at == now; ++next) {
      std::optional<store::Group>& group = groups[events[next].fingerprint];
      const bool news = is_news(group, now);
      const Telling telling = add_firing(group, now, now, options);
      REQUIRE((telling == Telling::now) == news);
      if (news) out.push_back({now, events[next].fingerprint, 1, false});
    }
  }
  return out;
}

// The words of grouping.h, over the list of what was told so far.
std::vector<Told> by_definition(const std::vector<Event>& events, Milliseconds end,
                                const GroupingOptions& options) {
  std::vector<Told> out;
  struct Open {
    Milliseconds last_told;
    std::vector<Milliseconds> untold;
  };
  std::map<int, Open> open;
  for (Milliseconds now = kStart; now < end; ++now) {
    for (auto at = open.begin(); at != open.end();) {
      Open& group = at->second;
      if (now - group.last_told < options.interval) {
        ++at;
      } else if (group.untold.empty()) {
        at = open.erase(at);
      } else {
        out.push_back({now, at->first, group.untold.size(), true});
        group = {now, {}};
        ++at;
      }
    }
    for (const Event& event : events) {
      if (event.at != now) continue;
      const auto found = open.find(event.fingerprint);
      if (found == open.end()) {
        out.push_back({now, event.fingerprint, 1, false});
        if (options.interval > 0) open[event.fingerprint] = {now, {}};
      } else {
        found->second.untold.push_back(now);
      }
    }
  }
  return out;
}

TEST_CASE("every firing is told once, and when the definition says") {
  std::mt19937_64 random(20261127);
  const auto below = [&](std::uint64_t bound) { return static_cast<int>(random() % bound); };
  for (int round = 0; round < 300; ++round) {
    const GroupingOptions options{below(4) == 0 ? below(3) : below(60), 0, 0};
    const Milliseconds busy = kStart + 200;
    const int fingerprints = 1 + below(4), density = 1 + below(30);
    std::vector<Event> events;
    for (Milliseconds at = kStart; at < busy; ++at) {
      for (int n = below(3); n > 0 && below(static_cast<std::uint64_t>(density)) == 0; --n) {
        events.push_back({at, below(static_cast<std::uint64_t>(fingerprints))});
      }
    }
    const Milliseconds end = busy + 2 * options.interval + 2;
    const std::vector<Told> told = by_engine(events, end, options);
    INFO("round " << round << ", interval " << options.interval);
    REQUIRE(told == by_definition(events, end, options));
    std::map<int, std::uint64_t> happened, counted;
    for (const Event& event : events) ++happened[event.fingerprint];
    for (const Told& one : told) counted[one.fingerprint] += one.firings;
    REQUIRE(happened == counted);
  }
}

}  // namespace
}  // namespace tocsin::route
