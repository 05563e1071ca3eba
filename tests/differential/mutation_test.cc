// Damaged records and damaged rules: whatever comes in, the engine answers quickly, says what is
// wrong with it, and does not let it hide its neighbours.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "alert/alert_maker.h"
#include "corpus/corpus.h"
#include "differential/generate/mutation_samples.h"
#include "differential/generate/mutator.h"
#include "differential/generate/random.h"
#include "differential/slow_alert.h"
#include "event/record_reader.h"
#include "program/match.h"
#include "sigma/loader.h"

namespace {

using namespace tocsin;
using differential::Random;
using Clock = std::chrono::steady_clock;

// The answer to a text of that size is due after: one second, and one more for each megabyte.
std::chrono::seconds patience(std::size_t size) {
  // Far more than it takes: this finds what never ends, also on a busy machine under sanitizers.
  return std::chrono::seconds(20 + (size >> 20));
}

const std::vector<std::string> kJsonWords = {"{",
                                             "}",
                                             "[",
                                             "]",
                                             ",",
                                             ":",
                                             "\"",
                                             "\\",
                                             "\\u",
                                             "\\ud800",
                                             "\\udc00",
                                             "null",
                                             "true",
                                             "1e999",
                                             "-",
                                             "\n",
                                             "\r\n",
                                             " ",
                                             "0",
                                             ".",
                                             "\xFF",
                                             "\xEF\xBB\xBF",
                                             "\xED\xA0\x80",
                                             "\\\"",
                                             "{\"Records\":[",
                                             "]}",
                                             "{\"a\":",
                                             "[[[[[[[[",
                                             "}}}}",
                                             "\"eventName\":",
                                             "1234567890123456789012345678901234567890"};
const std::vector<std::string> kYamlWords = {
    "\n",        ":",       "- ",         "'",          "\"",         "|",         "    ",
    "\t",        "#",       "---\n",      "[",          "]",          "{",         "}",
    "&a",        "*a",      "!!str ",     "%",          "not ",       "and ",      "or ",
    "1 of ",     "all of ", "them",       "(",          ")",          "|contains", "|re",
    "|all",      "|cidr",   "|base64",    "|expand",    "null",       "~",         "true",
    "0x10",      "1e9",     "detection:", "condition:", "selection:", "*",         "?",
    "\\",        "\xFF",    "\0",         "|i",         "|windash",   "|gte",      "timespan: 5m",
    "eventName", "a: b"};

program::Program sample_program() {
  Diagnostics diagnostics;
  sigma::RuleSet rules;
  for (const std::string& text : differential::sample_rules()) {
    sigma::load_text(text, "sample", rules, diagnostics);
  }
  return program::Program::compile(rules, {}, diagnostics);
}

class Engine {
 public:
  Engine() { REQUIRE(program_.rules().size() == 3); }

  struct Answer {
    std::size_t records = 0, errors = 0;
    std::vector<alert::Alert> alerts;
    std::vector<std::string> wanted;  // their JSON
  };

  Answer run(const std::string& bytes) {
    const event::Batch batch = event::read_records(bytes);
    Answer answer{batch.records.size(), batch.errors.size(), {}, {}};
    for (const event::Record& record : batch.records) {
      if (!reader_.read(record.json, event_)) {
        ++answer.errors;
        continue;
      }
      std::vector<program::RuleIndex> fired;
      matching_.run_gated(event_, gates_, fired);
      for (const auto rule : fired) {
        answer.alerts.push_back(maker_.make(rule, event_, record.origin, 0));
        answer.wanted.push_back(
            differential::slow_alert_json(program_, rule, event_, record.origin, 0));
      }
    }
    return answer;
  }

 private:
  const program::Program program_ = sample_program();
  const program::Gates gates_ = program_.gates_of(program_.all_rules());
  event::EventReader reader_{program_.fields()};
  program::Matching matching_{program_};
  alert::AlertMaker maker_{program_};
  event::Event event_;
};

bool is_good(const alert::Alert& alert, const std::string& wanted) {
  TextBuffer buffer;
  alert::append_json(alert, buffer);
  const std::string_view line = buffer.text();
  return line == wanted && line.find('\n') == std::string::npos &&
         reference::parse_strict_json(line, 80).has_value();
}

struct Counts {
  std::size_t records = 0, read = 0, rejected = 0;
};

// One damaged record by itself, and between two good ones.
void check_record(Engine& engine, const std::string& record, Counts& counts) {
  const auto start = Clock::now();
  const Engine::Answer answer = engine.run(record);
  INFO(record.substr(0, 3000));
  REQUIRE(Clock::now() - start < patience(record.size()));
  ++counts.records;
  if (!answer.alerts.empty()) ++counts.read;
  if (answer.errors != 0) ++counts.rejected;
  for (std::size_t i = 0; i < answer.alerts.size(); ++i) {
    REQUIRE(is_good(answer.alerts[i], answer.wanted[i]));
  }
  const bool blank = record.find_first_not_of(" \t\r\n") == std::string::npos;
  // "Every event" fires for each record that can be read.
  REQUIRE((blank || answer.records + answer.errors > 0));
  REQUIRE((answer.records == 0 || answer.errors > 0 || !answer.alerts.empty()));
}

bool has_neighbours(const std::vector<alert::Alert>& alerts) {
  std::set<std::string> ids;
  for (const alert::Alert& alert : alerts) ids.insert(alert.event_id);
  return ids.count("good-1") != 0 && ids.count("good-2") != 0;
}

void check_between(Engine& engine, const std::string& record) {
  static const std::string kFirst = R"({"eventID":"good-1","eventSource":"a","eventName":"b"})";
  static const std::string kSecond = R"({"eventID":"good-2","eventSource":"a","eventName":"b"})";
  INFO(record.substr(0, 3000));
  REQUIRE(has_neighbours(engine.run(kFirst + "\n" + record + "\n" + kSecond + "\n").alerts));
}

std::vector<std::string> records_of_samples_and_corpus(std::size_t of_corpus) {
  std::vector<std::string> records = differential::sample_records();
  if (const auto corpus = corpus::find("mutation test over real records")) {
    Random random(differential::seed());
    for (const auto& file : corpus::event_files(*corpus)) {
      const auto lines = corpus::lines_of(file);
      for (std::size_t i = 0; i < of_corpus; ++i) records.push_back(random.pick(lines));
    }
  }
  return records;
}

std::vector<std::string> rule_texts(std::size_t of_corpus) {
  std::vector<std::string> texts = differential::sample_rules();
  if (const auto corpus = corpus::find("mutation test over real rules")) {
    std::vector<corpus::Path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*corpus / "rules")) {
      if (entry.path().extension() == ".yml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    Random random(differential::seed());
    for (std::size_t i = 0; i < of_corpus; ++i) {
      std::string text;
      for (const std::string& line : corpus::lines_of(random.pick(files))) text += line + "\n";
      if (text.size() < 4096) texts.push_back(std::move(text));
    }
  }
  return texts;
}

// What loading and compiling a file came to, in one line.
std::string outcome(const std::string& text) {
  sigma::RuleSet rules;
  Diagnostics diagnostics;
  sigma::load_text(text, "damaged", rules, diagnostics);
  const auto program = program::Program::compile(rules, {}, diagnostics);
  std::string out = std::to_string(rules.filters.size()) + " filters, " +
                    std::to_string(rules.correlations.size()) + " correlations";
  for (const auto& rule : program.rules())
    out += ", " + rule.hash + " at " + std::to_string(rule.root);
  for (const Diagnostic& d : diagnostics.all()) out += "; " + d.code + " " + d.message;
  return out;
}

}  // namespace

TEST_CASE("records with a value of another type are read") {
  Engine engine;
  Counts counts;
  std::size_t swaps = 0;
  for (const std::string& record : records_of_samples_and_corpus(differential::scaled(3))) {
    const auto parsed = reference::parse_json(record);
    REQUIRE(parsed);
    for (const std::string& swapped : differential::type_swaps(*parsed)) {
      if (++swaps % differential::stride(10) != 0) continue;
      check_record(engine, swapped, counts);
      check_between(engine, swapped);
    }
  }
  std::cout << "type swaps: " << counts.records << " records, " << counts.read << " read, "
            << counts.rejected << " rejected\n";
  CHECK(counts.rejected == 0);
}

TEST_CASE("damaged records are read or reported, and hide no other") {
  Engine engine;
  Counts counts;
  Random random(differential::seed());
  const auto records = records_of_samples_and_corpus(20);
  const std::size_t total = differential::scaled(100'000);
  for (std::size_t i = 0; i < total; ++i) {
    const std::string record = differential::damaged(random, random.pick(records), kJsonWords);
    check_record(engine, record, counts);
    check_between(engine, record);
  }
  std::cout << "damaged: " << counts.records << " records, " << counts.read << " read, "
            << counts.rejected << " rejected\n";
  CHECK(counts.read > total / 10);
  CHECK(counts.rejected > total / 10);
}

TEST_CASE("extreme records end in an answer") {
  Engine engine;
  Counts counts;
  const std::size_t most = 3'000'000 / differential::stride(15);
  for (const std::size_t n : {std::size_t{10}, std::size_t{63}, std::size_t{64}, std::size_t{65},
                              std::size_t{1000}, std::size_t{100'000}, most}) {
    const auto repeat = [&](const std::string& text) {
      std::string out;
      for (std::size_t i = 0; i < n; ++i) out += text;
      return out;
    };
    check_record(engine, R"({"a":)" + repeat("[") + repeat("]") + "}", counts);
    check_record(engine, R"({"a":)" + repeat("[") + "}", counts);
    check_record(engine, repeat(R"({"a":)") + "1" + repeat("}"), counts);
    check_record(engine, R"({"userAgent":")" + std::string(n, 'a') + R"("})", counts);
    check_record(engine, R"({"userAgent":")" + std::string(n, '\\') + R"("})", counts);
    check_record(engine, R"({"userAgent":")" + repeat("\\ud800") + R"("})", counts);
    check_record(engine, R"({"userAgent":")" + repeat("\xFF\xE2\x82") + R"("})", counts);
    check_record(engine, R"({"n":)" + std::string(n, '1') + "}", counts);
    check_record(engine, R"({"requestParameters":[)" + repeat("1,") + "1]}", counts);
    check_record(engine, "{" + repeat(R"("a":1,)") + R"("a":1})", counts);
  }
  CHECK(counts.records == 70);
}

TEST_CASE("damaged rules are accepted or reported, every time alike") {
  Random random(differential::seed());
  const auto texts = rule_texts(200);
  const std::size_t total = differential::scaled(100'000);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < total; ++i) {
    const std::string text = differential::damaged(random, random.pick(texts), kYamlWords);
    INFO(text);
    const auto start = Clock::now();
    const std::string first = outcome(text);
    REQUIRE(Clock::now() - start < patience(text.size()));
    if (first.find(" at ") == std::string::npos) continue;
    ++accepted;
    REQUIRE(outcome(text) == first);
  }
  std::cout << "damaged rules: " << accepted << " of " << total << " accepted\n";
  CHECK(accepted > total / 50);
}
