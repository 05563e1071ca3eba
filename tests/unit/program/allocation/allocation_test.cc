// Reading and matching records that no rule is about takes no memory once the buffers have grown.
#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "differential/generate/event_generator.h"
#include "differential/generate/mutation_samples.h"
#include "differential/reference/padded.h"
#include "event/event_reader.h"
#include "program/match.h"
#include "sigma/loader.h"

namespace {

std::atomic<std::size_t> g_allocations{0};

void* counted(std::size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace tocsin;

constexpr const char* kRules = R"(title: Never
logsource: {product: aws}
detection:
    text:
        eventName: [NoSuchCall, 'No*Such?Call']
        userAgent|contains: [pacu, kali]
        userIdentity|contains: nobody
    numbers:
        n|gte: 1000000000
        readOnly: 12
    network:
        sourceIPAddress|cidr: 203.0.113.0/24
    times:
        eventTime|year: 1999
    keywords:
        - 'no such word'
    facts:
        tocsin.mfa: perhaps
        tocsin.source_ip_kind: nowhere
    reference:
        eventName|fieldref: eventID
    expression:
        userAgent|re: '^pacu/\d+'
    condition: 1 of them
)";

TEST_CASE("a warm stream of records that match nothing allocates nothing") {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(kRules, "rules", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  REQUIRE(program.rules().size() == 1);
  event::EventReader reader(program.fields());
  event::Event event;
  program::Matching matching(program);
  std::vector<program::RuleIndex> fired;

  std::vector<reference::Padded> records;
  differential::Random random(differential::seed());
  for (const std::string& record : differential::sample_records()) records.emplace_back(record);
  for (int i = 0; i < 200; ++i) records.emplace_back(differential::make_event(random));

  const auto pass = [&] {
    std::size_t read = 0;
    for (const reference::Padded& record : records) {
      if (!reader.read(record.view(), event)) continue;
      matching.run(event, program.all_rules(), fired);
      ++read;
    }
    return read;
  };
  for (int warm = 0; warm < 3; ++warm) REQUIRE(pass() == records.size());
  REQUIRE(fired.empty());
  const std::size_t before = g_allocations;
  const std::size_t read = pass();
  const std::size_t allocations = g_allocations - before;
  CHECK(read == records.size());
  CHECK(allocations == 0);
}

}  // namespace
