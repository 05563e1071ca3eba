// Batches read in runs, with first fields only, against records read one by one.
#include <catch2/catch.hpp>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "differential/generate/event_generator.h"
#include "differential/generate/mutation_samples.h"
#include "differential/generate/mutator.h"
#include "differential/generate/random.h"
#include "differential/generate/vocabulary.h"
#include "differential/layouts.h"
#include "unit/event/samples.h"
#include "unit/event/two_ways.h"

namespace {

using namespace tocsin;
using differential::Layout;
using differential::Random;
using event::Reading;

const std::vector<std::string> kWords = {
    "{",  "}",   "[",         "]",        ",",    ":",      "\"",    "\\",
    "\n", "\r",  " ",         "\\\"",     "\xFF", "\x01",   "\\ud8", "\\u0041",
    "},", ",{",  "},{\"a\":", "}\n{",     "]}",   "{\"a\"", "null",  "{\"Records\":[",
    "1",  "1e9", "\xED\xA0",  "\\ud800x", "-",    "\\",     "\"\"",  "12345678901234567890123"};

struct Text {
  std::string bytes;
  std::set<std::string> sound;  // the records in it that nothing happened to
};

std::string make_record(Random& random) {
  return random.percent(50) ? differential::make_event(random)
                            : random.pick(differential::sample_records());
}

// `damage`: the chance that a record is damaged, in percent.
Text make_text(Random& random, std::size_t records, std::size_t damage) {
  const Layout& layout = random.pick(differential::layouts());
  Text text{std::string(layout.before), {}};
  for (std::size_t i = 0; i < records; ++i) {
    if (i != 0) text.bytes += layout.between;
    std::string record = make_record(random);
    if (random.percent(damage)) {
      text.bytes += differential::damaged(random, record, kWords);
    } else {
      text.bytes += record;
      text.sound.insert(std::move(record));
    }
  }
  text.bytes += layout.after;
  return text;
}

// Several sets of fields, from none to whatever the generators know.
std::vector<event::Wanted> field_sets() {
  std::vector<std::string> paths = differential::field_paths();
  paths.push_back("");
  std::vector<event::Wanted> sets;
  sets.emplace_back(paths, std::vector<std::string>{"eventName", "eventSource"});
  sets.emplace_back(paths, std::vector<std::string>{"a", "a.b.c", "tocsin.mfa"});
  sets.emplace_back(paths, std::vector<std::string>{""});
  sets.emplace_back(std::vector<std::string>{"x.y.a", "b"}, std::vector<std::string>{});
  return sets;
}

class Comparisons {
 public:
  Comparisons() : sets_(field_sets()) {
    for (const event::Wanted& set : sets_) ways_.emplace_back(set);
  }

  void compare(Random& random, const Text& text) {
    event::TwoWays& ways = ways_[random.below(ways_.size())];
    const Reading slow = ways.slow(text.bytes);
    const Reading fast = ways.fast(random.percent(5) ? event::gzipped(text.bytes, 1) : text.bytes);
    const std::string law = event::broken_law(slow, fast, text.sound);
    if (!law.empty()) UNSCOPED_INFO(text.bytes.substr(0, 20'000));
    REQUIRE(law == "");
    ++texts;
    events += fast.events.size();
    if (slow.errors.empty() && fast.errors.empty()) ++good;
    if (fast.batches > 1) ++large;
  }

  std::size_t texts = 0, events = 0, good = 0, large = 0;

 private:
  std::vector<event::Wanted> sets_;
  std::vector<event::TwoWays> ways_;
};

}  // namespace

TEST_CASE("batches give the events that records give one by one") {
  Comparisons comparisons;
  Random random(differential::seed());
  const std::size_t total = differential::scaled(30'000);
  for (std::size_t i = 0; i < total; ++i) {
    Text text = make_text(random, 1 + random.below(6), i % 3 == 0 ? 0 : 25);
    if (i % 3 == 2) text = {differential::damaged(random, text.bytes, kWords), {}};
    comparisons.compare(random, text);
  }
  for (std::size_t i = 0; i < total / 200; ++i) {
    Text text;
    while (text.bytes.size() < limits::kBatchBytes + 100'000) {
      Text part = make_text(random, 1 + random.below(300), random.percent(50) ? 0 : 1);
      text.bytes += part.bytes + "\n";
      text.sound.merge(part.sound);
    }
    comparisons.compare(random, text);
  }
  std::cout << "two ways: " << comparisons.texts << " texts, " << comparisons.good
            << " without errors, " << comparisons.large << " of several batches, "
            << comparisons.events << " events\n";
  CHECK(comparisons.good > comparisons.texts / 4);
  CHECK(comparisons.large >= total / 200);
}
