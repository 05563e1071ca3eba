#include "differential/generate/correlation_scenario.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/time.h"

namespace tocsin::differential {
namespace {

using reference::PlainHit;
using reference::Texts;
using reference::Time;

// The n-th of many names of events.
std::string event_name(std::size_t n) {
  std::string name;
  for (int i = 0; i < 8; ++i, n /= 26) name += static_cast<char>('a' + n % 26);
  return name;
}

class Events {
 public:
  Events(Random& random, const CorrelationDocuments& documents)
      : random_(random), documents_(documents) {
    constexpr std::array<Time, 4> kBases = {0, 1, 1'000 * kSecond, 1'700'000'003 * kSecond};
    time_ = random.pick(kBases);
    users_ = 1 + random.below(3);
    dense_ = random.percent(10);
    missing_ = random.percent(50) ? 0 : 10;
    favourite_ = random.pick(documents.rules);
  }

  std::vector<PlainHit> run() {
    const std::size_t count = dense_ ? 30 + random_.below(40) : 1 + random_.below(20);
    std::vector<PlainHit> hits;
    const std::size_t first_name = random_.below(100'000);
    for (std::size_t i = 0; i < count; ++i) {
      PlainHit hit;
      hit.event = event_name((first_name + i) * 7'919'777'777);
      hit.time = next_time();
      hit.fields = fields();
      hit.source = random_.percent(70) ? "east" : "west";
      for (const std::string& rule : rules()) {
        hit.rule = rule;
        hits.push_back(hit);
      }
    }
    return hits;
  }

 private:
  Time span() { return documents_.timespans[random_.below(documents_.timespans.size())]; }

  Time nudge() {
    constexpr std::array<Time, 8> kNudges = {0, 0, 0, 0, 1, -1, 500'000'000, -500'000'000};
    return random_.pick(kNudges);
  }

  Time gap() {
    if (dense_) return random_.percent(80) ? kSecond : span();
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        return 0;
      case 3:
      case 4:
      case 5:
        return kSecond;
      case 6:
        return span() / 2;
      case 7:
      case 8:
        return span() + nudge();
      case 9:
        return 2 * span() + nudge();
      case 10:
        return random_.percent(50) ? 24 * span() + nudge() : 3 * kSecond;
      default:
        return random_.percent(30) ? 256 * kSecond + nudge() : nudge();
    }
  }

  Time next_time() {
    Time time = 0;
    if (!times_.empty() && random_.percent(15)) {  // exactly a time span after an earlier one
      time = random_.pick(times_) + span() + nudge();
    } else {
      time = time_ = std::max<Time>(0, time_ + gap());
    }
    times_.push_back(std::max<Time>(0, time));
    return times_.back();
  }

  std::vector<std::string> rules() {
    if (random_.percent(5)) return {""};
    std::vector<std::string> out = {random_.percent(40) ? favourite_
                                                        : random_.pick(documents_.rules)};
    if (random_.percent(20)) {
      const std::string& other = random_.pick(documents_.rules);
      if (other != out[0]) out.push_back(other);
    }
    return out;
  }

  template <std::size_t N>
  void give(reference::Fields& fields, const char* field, const std::array<const char*, N>& from,
            std::size_t several) {
    if (random_.percent(missing_)) return;
    Texts& values = fields[field];
    do {
      values.emplace_back(random_.pick(from));
    } while (random_.percent(several));
  }

  reference::Fields fields() {
    constexpr std::array kUsers = {"alice", "bob", "Alice"};
    constexpr std::array kNames = {"ListUsers", "GetObject", "PutObject", "listusers"};
    constexpr std::array kRegions = {"eu-west-1", "us-east-1"};
    constexpr std::array kTags = {"a", "b", "c", ""};
    constexpr std::array kSizes = {"1",  "2", "3",   "0.1",  "0.2", "0.5", "10",   "2.25",
                                   "-3", "0", "1e1", "many", "",    "1.",  "0x10", "7.0000004"};
    constexpr std::array kAgents = {"aws-cli/2.1.3", "aws-cli/2.10", "Boto3/1.26.1 Python/3.8.1",
                                    "Boto3/1.9 Python/3.11", "curl"};
    constexpr std::array kAddresses = {"10.0.0.1",    "10.0.0.99",   "10.0.1.1",
                                       "10.1.0.1",    "2001:db8::1", "2001:db8:0:1::5",
                                       "2001:db9::1", "AWS Internal"};
    reference::Fields out;
    for (const char* field : {"user", "who"}) {
      if (random_.percent(missing_)) continue;
      out[field] = {kUsers[random_.below(users_)]};
      if (random_.percent(5)) out[field].emplace_back(random_.pick(kUsers));
    }
    give(out, "name", kNames, 3);
    give(out, "region", kRegions, 3);
    give(out, "tags", kTags, 35);
    give(out, "size", kSizes, 3);
    give(out, "sizes", kSizes, 40);
    give(out, "agent", kAgents, 3);
    give(out, "ip", kAddresses, 3);
    return out;
  }

  Random& random_;
  const CorrelationDocuments& documents_;
  Time time_ = 0;
  std::vector<Time> times_;
  std::size_t users_ = 1, missing_ = 0;
  bool dense_ = false;
  std::string favourite_;
};

class Arrivals {
 public:
  Arrivals(Random& random, Scenario& out, const Arrival& how)
      : random_(random), out_(out), how_(how) {}

  void run() {
    const std::vector<std::size_t> order = arrival_order();
    // The least time that is still to come.
    std::vector<Time> coming(order.size() + 1, INT64_MAX);
    for (std::size_t i = order.size(); i-- > 0;) {
      coming[i] = std::min(coming[i + 1], out_.hits[order[i]].time);
    }
    for (std::size_t done = 0; done < order.size();) {
      Step step;
      const std::size_t size = 1 + random_.below(how_.largest_batch);
      for (std::size_t i = 0; i < size && done < order.size(); ++i) add(step, order[done++]);
      out_.steps.push_back(std::move(step));
      if (random_.percent(60)) advance(coming[done]);
      if (how_.late && random_.percent(3)) too_late();
    }
    add_restarts();
  }

 private:
  // By time plus a delay.
  std::vector<std::size_t> arrival_order() {
    constexpr std::array<Time, 6> kDelays = {
        1, kSecond, 3 * kSecond, 10 * kSecond, 300 * kSecond, 1'000'000 * kSecond};
    const auto delay = static_cast<std::size_t>(random_.pick(kDelays));
    std::vector<std::pair<Time, std::size_t>> arrivals;
    for (std::size_t i = 0; i < out_.hits.size(); ++i) {
      arrivals.emplace_back(out_.hits[i].time + static_cast<Time>(random_.below(delay)), i);
    }
    std::sort(arrivals.begin(), arrivals.end());
    std::vector<std::size_t> order;
    for (const auto& arrival : arrivals) order.push_back(arrival.second);
    return order;
  }

  void add(Step& step, std::size_t hit) {
    step.hits.push_back(hit);
    arrived_.push_back(hit);
    if (how_.duplicates && random_.percent(8)) step.hits.push_back(random_.pick(arrived_));
  }

  // To what is coming, or not so far, or not at all.
  void advance(Time coming) {
    if (coming == INT64_MAX) return;
    const Time since = out_.hits[random_.pick(arrived_)].time;
    Time to =
        random_.percent(60) ? coming : std::min(coming, since + (random_.percent(50) ? 1 : 0));
    if (to <= watermark_) return;
    watermark_ = to;
    out_.steps.push_back({Step::Kind::advance, {}, to});
  }

  // A copy of something, as an event of its own, right below the watermark.
  void too_late() {
    if (watermark_ <= 0) return;
    PlainHit hit = out_.hits[random_.pick(arrived_)];
    hit.event = "late" + std::to_string(out_.hits.size());
    hit.time = watermark_ - 1;
    out_.steps.push_back({Step::Kind::add, {out_.hits.size()}, 0});
    out_.hits.push_back(std::move(hit));
  }

  void add_restarts() {
    for (std::size_t i = 0; i < how_.restarts; ++i) {
      const auto place = static_cast<std::ptrdiff_t>(random_.below(out_.steps.size() + 1));
      out_.steps.insert(out_.steps.begin() + place, {Step::Kind::restart, {}, 0});
    }
  }

  Random& random_;
  Scenario& out_;
  const Arrival how_;
  std::vector<std::size_t> arrived_;
  Time watermark_ = INT64_MIN;
};

}  // namespace

std::vector<PlainHit> make_hits(Random& random, const CorrelationDocuments& documents) {
  return Events(random, documents).run();
}

Arrival make_arrival(Random& random, std::size_t hits) {
  const std::array<std::size_t, 5> batches = {1, 2, 7, hits, 10'000};
  Arrival out;
  out.largest_batch = random.pick(batches);
  out.restarts = random.percent(50) ? 0 : 1 + random.below(3);
  out.duplicates = random.percent(70);
  out.late = random.percent(50);
  return out;
}

Scenario make_scenario(Random& random, std::vector<PlainHit> hits, const Arrival& arrival) {
  Scenario out;
  out.hits = std::move(hits);
  Arrivals(random, out, arrival).run();
  return out;
}

}  // namespace tocsin::differential
