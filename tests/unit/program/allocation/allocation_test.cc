// Reading and matching records that no rule is about takes no memory once the buffers have grown.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "corpus/corpus.h"
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

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using namespace tocsin;

constexpr const char* kRule = R"(title: Never
logsource: {product: aws}
detection:
    text:
        eventName: [NoSuchCall, 'No*Such?Call']
        userAgent|contains: [no-such-tool, other-tool]
        userIdentity|contains: nobody
    numbers:
        requestParameters.maxResults|gte: 1000000000
        readOnly: 12
    network:
        sourceIPAddress|cidr: 233.252.0.0/30
    times:
        eventTime|year: 1999
    keywords:
        - 'no such word'
    reference:
        eventTime|fieldref: userIdentity.type
    expression:
        userAgent|re: '^no-such-tool/\d+'
    condition: 1 of them
)";
constexpr const char* kFacts = R"(title: Never
logsource: {product: aws}
detection:
    facts:
        tocsin.mfa: perhaps
        tocsin.principal: nobody
        tocsin.source_ip_kind: nowhere
    condition: facts
)";

std::vector<reference::Padded> records() {
  std::vector<reference::Padded> out;
  for (const std::string& record : differential::sample_records()) out.emplace_back(record);
  if (const auto corpus = corpus::find("allocation test over real records")) {
    for (const auto& file : corpus::event_files(*corpus)) {
      const auto lines = corpus::lines_of(file);
      for (std::size_t i = 0; i < lines.size() && i < 300; ++i) out.emplace_back(lines[i]);
    }
  }
  return out;
}

// Allocations of a pass with warm buffers over those records that match nothing.
std::size_t allocations_of(const char* rule, std::vector<reference::Padded> records) {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(rule, "rule", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  REQUIRE(program.rules().size() == 1);
  event::EventReader reader(program.fields());
  event::Event event;
  const program::Gates gates = program.gates_of(program.all_rules());
  program::Matching matching(program);
  std::vector<program::RuleIndex> fired;

  const auto matches = [&](const reference::Padded& record) {
    fired.clear();
    REQUIRE(reader.read(record.view(), event));
    matching.run_gated(event, gates, fired);
    return !fired.empty();
  };
  const std::size_t all = records.size();
  std::erase_if(records, matches);
  REQUIRE(records.size() * 100 >= all * 99);
  std::size_t matched = 0;
  const auto pass = [&] {
    for (const reference::Padded& record : records) {
      if (!reader.read(record.view(), event)) continue;
      matching.run_gated(event, gates, fired);
      matched += fired.size();
    }
  };
  pass();
  const std::size_t before = g_allocations;
  pass();
  const std::size_t allocations = g_allocations - before;
  CHECK(matched == 0);
  return allocations;
}

TEST_CASE("a warm stream of records that match nothing allocates nothing") {
  CHECK(allocations_of(kRule, records()) == 0);
}

TEST_CASE("facts take a few texts a record") {
  const auto stream = records();
  CHECK(allocations_of(kFacts, stream) <= 3 * stream.size());
}

}  // namespace
