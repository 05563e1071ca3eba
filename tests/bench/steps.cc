// Where the time of a record goes: the steps of a scan, each measured as what it adds to the steps
// before it.
//   bench_steps FILE auto|any|PRODUCT/SERVICE RULES...
// FILE is JSON lines. Prints nanoseconds of processor time per record (the least of several
// passes), and which rules were tried how often.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch_reader.h"
#include "event/record_reader.h"
#include "event/structural_index.h"
#include "pipeline/plan.h"
#include "program/match.h"
#include "program/program.h"
#include "sigma/loader.h"

namespace {

using namespace tocsin;

constexpr int kPasses = 5;
constexpr std::size_t kShownRules = 12;

enum class Step { cut, index, walk, open, reread, finish };

struct Counts {
  std::uint64_t records = 0, candidates = 0, opened = 0, reread = 0, matches = 0;
  std::vector<std::uint64_t> tried;
};

class Visitor : public event::BatchReader::Visitor {
 public:
  Visitor(const program::Program& program, const pipeline::Plan& plan, event::BatchReader& reader,
          Step last)
      : plan_(plan), reader_(reader), last_(last), matching_(program) {
    counts.tried.resize(program.rules().size());
  }

  void error(event::RecordError) override {}
  void event(event::Event& event, const event::Origin&) override {
    ++counts.records;
    if (last_ < Step::open) return;
    const bool is_other = plan_.is_other(event);
    if (is_other) reader_.read_again(event, static_cast<std::size_t>(program::Reading::all));
    if (!matching_.open(event, is_other ? plan_.other_gates() : plan_.gates())) return;
    ++counts.opened;
    counts.candidates += matching_.opened().size();
    for (const program::RuleIndex rule : matching_.opened()) ++counts.tried[rule];
    if (last_ < Step::reread) return;
    if (matching_.reading() != program::Reading::first) ++counts.reread;
    reader_.read_again(event, static_cast<std::size_t>(matching_.reading()));
    if (last_ < Step::finish) return;
    fired_.clear();
    matching_.finish(event, fired_);
    counts.matches += fired_.size();
  }

  Counts counts;

 private:
  const pipeline::Plan& plan_;
  event::BatchReader& reader_;
  Step last_;
  program::Matching matching_;
  std::vector<program::RuleIndex> fired_;
};

// One pass up to a step: nanoseconds per record.
double pass(const std::string& file, const program::Program& program, const pipeline::Plan& plan,
            Step last, Counts& counts) {
  event::BatchReader reader(plan.phases());
  event::StructuralIndex index;
  Visitor visitor(program, plan, reader, last);
  event::Batch batch;
  std::uint64_t records = 0;
  event::RecordReader input({file}, event::RecordReader::Trust::unchecked);
  const std::clock_t start = std::clock();
  while (input.next(batch)) {
    records += batch.records.size();
    if (batch.records.empty()) continue;
    if (last == Step::index) {
      const event::Record& front = batch.records.front();
      const event::Record& back = batch.records.back();
      const char* const end = back.json.data() + back.json.size();
      (void)index.build({front.json.data(), static_cast<std::size_t>(end - front.json.data())});
    } else if (last > Step::index) {
      reader.read(batch, visitor);
    }
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  counts = std::move(visitor.counts);
  return seconds * 1e9 / static_cast<double>(records);
}

pipeline::Source source_of(const std::string& text) {
  pipeline::Source source;
  if (text == "any") source.policy = pipeline::LogsourcePolicy::ignore;
  const std::size_t slash = text.find('/');
  if (slash != text.npos) {
    source.policy = pipeline::LogsourcePolicy::declared;
    source.declared = {text.substr(0, slash), text.substr(slash + 1), ""};
  }
  return source;
}

void print_rules(const program::Program& program, const Counts& counts) {
  std::vector<program::RuleIndex> order(program.rules().size());
  for (program::RuleIndex i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return counts.tried[a] > counts.tried[b]; });
  if (order.size() > kShownRules) order.resize(kShownRules);
  for (const program::RuleIndex rule : order) {
    fmt::print("  tried on {:6.2f} %  {}\n",
               100.0 * double(counts.tried[rule]) / double(counts.records),
               program.rules()[rule].source.meta.title);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: bench_steps FILE auto|any|PRODUCT/SERVICE RULES...\n");
    return 2;
  }
  sigma::Loaded loaded = sigma::load_paths({argv + 3, argv + argc});
  Diagnostics diagnostics;
  const auto program = program::Program::compile(loaded.rules, loaded.lists, diagnostics);
  const pipeline::Plan plan(program, source_of(argv[2]));
  (void)plan.other_gates();

  const std::pair<Step, std::string_view> steps[] = {
      {Step::cut, "read the file, cut it into lines"},
      {Step::index, "index (first stage)"},
      {Step::walk, "walk, first fields"},
      {Step::open, "candidates"},
      {Step::reread, "read candidates' records again"},
      {Step::finish, "evaluate"}};
  std::vector<double> best(std::size(steps), 1e9);
  Counts counts;
  for (int i = 0; i < kPasses; ++i) {
    for (std::size_t step = 0; step < std::size(steps); ++step) {
      best[step] = std::min(best[step], pass(argv[1], program, plan, steps[step].first, counts));
    }
  }
  double before = 0;
  for (std::size_t step = 0; step < std::size(steps); ++step) {
    fmt::print("{:32} {:8.1f} ns\n", steps[step].second, best[step] - before);
    before = best[step];
  }
  const auto per_record = [&](std::uint64_t count) {
    return double(count) / double(counts.records);
  };
  fmt::print("{:32} {:8.1f} ns\n", "all", before);
  fmt::print(
      "{} rules, {} records; per record: {:.3f} with candidates, {:.3f} candidates, "
      "{:.3f} read again, {:.4f} matches\n",
      program.rules().size(), counts.records, per_record(counts.opened),
      per_record(counts.candidates), per_record(counts.reread), per_record(counts.matches));
  print_rules(program, counts);
  return 0;
}
