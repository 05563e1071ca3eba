// A rule file and a record, divided by a NUL: all ways to match agree, and an alert is one line of
// valid UTF-8.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "alert/alert_maker.h"
#include "base/text.h"
#include "event/record_reader.h"
#include "program/explain.h"
#include "program/match.h"
#include "sigma/loader.h"

namespace {

using namespace tocsin;

void match(const program::Program& program, const event::Record& record) {
  event::EventReader reader(program.fields());
  event::Event event;
  if (!reader.read(record.json, event)) return;
  program::Matching matching(program);
  std::vector<program::RuleIndex> gated, fired;
  const program::Gates gates = program.gates_of(program.all_rules());
  matching.run_gated(event, gates, gated);
  matching.run(event, program.all_rules(), fired);
  if (gated != fired) std::abort();
  alert::AlertMaker maker(program);
  std::size_t next = 0;
  for (const program::RuleIndex rule : program.all_rules()) {
    const bool holds = next < fired.size() && fired[next] == rule;
    if (program::explain(program, rule, event).holds != holds) std::abort();
    if (!holds) continue;
    ++next;
    TextBuffer buffer;
    alert::append_json(maker.make(rule, event, record.origin, 0), buffer);
    const std::string_view line = buffer.text();
    if (line.find('\n') != std::string::npos) std::abort();
    if (text::find_invalid_utf8(line) != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t divider = input.find('\0');
  if (divider == std::string_view::npos) return 0;
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(input.substr(0, divider), "fuzz", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  const event::Batch batch = event::read_records(input.substr(divider + 1));
  for (const event::Record& record : batch.records) match(program, record);
  return 0;
}
