// Whatever events are wrapped in: each is found, and what is no event is reported. Compared with a
// reader that makes a tree of everything.
#include "differential/reference/envelopes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "base/limits.h"
#include "differential/generate/envelope_documents.h"
#include "differential/generate/mutator.h"
#include "differential/reference/json_dom.h"
#include "event/envelope.h"
#include "unit/event/framing.h"
#include "unit/event/two_ways.h"

namespace {

using namespace tocsin;
using differential::Random;
using event::Framer;
using reference::Holdings;

std::string compact(std::string_view json) {
  const auto value = reference::parse_json(json);
  return value ? to_text(*value) : "broken: " + std::string(json);
}

void take(const event::Batch& batch, Holdings& found) {
  for (const event::Record& record : batch.records) found.events.push_back(compact(record.json));
  found.rejected += batch.errors.size();
  found.control += batch.control_messages;
}

// The text in windows that grow by `chunk` bytes at a time.
Holdings in_chunks(std::string_view text, Framer::Trust trust, std::size_t chunk) {
  Holdings found;
  Framer framer(trust);
  event::Origin origin;
  const std::string padded = std::string(text) + std::string(event::kPadding, '\0');
  std::size_t begin = 0, end = std::min(chunk, text.size());
  for (;;) {
    const std::string_view window = std::string_view(padded).substr(begin, end - begin);
    const Framer::Step step = framer.next(window, end == text.size());
    if (step == Framer::Step::end) return found;
    const Framer::Frame& frame = framer.frame();
    event::Batch batch;
    if (step == Framer::Step::more) {
      const std::size_t unused = framer.droppable();
      framer.drop(unused);
      begin += unused;
      end = std::min(end + chunk, text.size());
    } else if (step == Framer::Step::error) {
      ++found.rejected;
    } else if (frame.checked) {
      unwrap(window.substr(frame.begin, frame.end - frame.begin), frame, origin, batch);
      take(batch, found);
    } else {
      const event::Record record{window.substr(frame.begin, frame.end - frame.begin), origin, false,
                                 frame.is_line};
      std::size_t control = 0;
      read_line(record, batch, [&] {
        take(batch, found);
        found.control -= control;  // the batch goes on counting
        control = batch.control_messages;
      });
      found.control += batch.control_messages - control;
    }
  }
}

Holdings of_batches(event::TwoWays& ways, std::string_view text) {
  Holdings found;
  const event::Reading reading = ways.fast(text);
  for (const event::Seen& event : reading.events) found.events.push_back(compact(event.text));
  found.rejected = reading.errors.size();
  return found;
}

// "" when all ways find what is there.
std::string difference(event::TwoWays& ways, const std::string& text, std::size_t chunk) {
  const Holdings expected = reference::holdings(text);
  const auto check = [&](const char* way, const Holdings& found, bool control) -> std::string {
    if (found.events == expected.events && found.rejected == expected.rejected &&
        (!control || found.control == expected.control)) {
      return "";
    }
    std::string out = way;
    out += ": " + std::to_string(found.rejected) + " rejected, " + std::to_string(found.control) +
           " control; expected " + std::to_string(expected.rejected) + ", " +
           std::to_string(expected.control) + "\nevents:";
    for (const std::string& event : found.events) out += "\n  " + event;
    out += "\nexpected:";
    for (const std::string& event : expected.events) out += "\n  " + event;
    return out + "\ntext:\n" + text + "\n";
  };
  Holdings whole;
  take(event::read_records(text), whole);
  std::string out = check("as a whole", whole, true);
  using Trust = Framer::Trust;
  if (out.empty()) out = check("checked, in chunks", in_chunks(text, Trust::checked, chunk), true);
  if (out.empty()) {
    out = check("unchecked, in chunks", in_chunks(text, Trust::unchecked, chunk), true);
  }
  if (out.empty()) out = check("in batches", of_batches(ways, text), false);
  return out;
}

const event::Wanted& wanted() {
  static const event::Wanted kWanted({"eventName", "n", "Records.a"}, {"eventName"});
  return kWanted;
}

TEST_CASE("envelopes: every shape, every odd element, at every position") {
  event::TwoWays ways(wanted());
  const std::vector<std::string> events = {R"({"eventName":"A","n":1})", R"({"eventName":"B"})",
                                           R"({"n":{"Records":[3]}})"};
  std::size_t texts = 0;
  for (const differential::Wrap wrap : differential::container_shapes()) {
    const std::string good = wrap(events);
    CHECK(difference(ways, good, 3) == "");
    for (const std::string& odd : differential::odd_elements()) {
      for (std::size_t at = 0; at <= events.size(); ++at) {
        std::vector<std::string> elements = events;
        elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(at), odd);
        if (++texts % differential::stride(5) != 0) continue;
        REQUIRE(difference(ways, wrap(elements), 1 + texts % 61) == "");
        elements.insert(elements.begin(), odd);
        REQUIRE(difference(ways, wrap(elements) + "\n" + good, 1 + texts % 7) == "");
        REQUIRE(difference(ways, wrap({odd}), 1 + texts % 5) == "");
      }
    }
  }
  CHECK(texts > 1000);
}

TEST_CASE("envelopes: in one another, at random") {
  event::TwoWays ways(wanted());
  Random random(differential::seed());
  std::size_t events = 0, rejected = 0, control = 0;
  const std::size_t total = differential::scaled(5'000);
  for (std::size_t i = 0; i < total; ++i) {
    const std::string text = differential::envelope_stream(random, i % 4);
    REQUIRE(difference(ways, text, 1 + random.below(random.percent(50) ? 9 : 300)) == "");
    const Holdings held = reference::holdings(text);
    events += held.events.size();
    rejected += held.rejected;
    control += held.control;
  }
  std::cout << "envelopes: " << total << " texts, " << events << " events, " << rejected
            << " rejected, " << control << " control messages\n";
  CHECK(events > total);
  CHECK(rejected > total / 5);
  CHECK(control > total / 50);
}

TEST_CASE("envelopes: damaged ones give the same frames in any windows") {
  static const std::vector<std::string> kWords = {
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "]}", "},{", "{\"Records\":[", "null"};
  Random random(differential::seed() + 1);
  const std::size_t total = differential::scaled(1'500);
  for (std::size_t i = 0; i < total; ++i) {
    const std::string text =
        differential::damaged(random, differential::envelope_stream(random, 1 + i % 3), kWords);
    const std::size_t chunk = 1 + random.below(50);
    UNSCOPED_INFO(text);
    REQUIRE(event::frame_text(text, chunk).items == event::frame_text(text, text.size() + 1).items);
  }
}

}  // namespace
