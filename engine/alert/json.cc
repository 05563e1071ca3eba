#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <string>

#include "alert/alert.h"
#include "alert/correlation.h"
#include "base/json_escape.h"
#include "event/batch.h"
#include "event/json_text.h"

namespace tocsin::alert {
namespace {

// Appends the parts of a line. What is known beforehand, names and punctuation, is copied as it is.
class Line {
 public:
  explicit Line(TextBuffer& out) : out_(out) {}

  Line& plain(std::string_view json) {
    out_.append(json);
    return *this;
  }
  // `before` ends with the quote that opens the string.
  Line& text(std::string_view before, std::string_view value) {
    char* out = out_.room(before.size() + escaped_room(value.size()) + 1);
    out = json_escape(value, std::copy(before.begin(), before.end(), out));
    *out++ = '"';
    out_.extend_to(out);
    return *this;
  }
  // The same for a value that needs no escaping.
  Line& word(std::string_view before, std::string_view value) {
    char* out = out_.room(before.size() + value.size() + 1);
    out = std::copy(before.begin(), before.end(), out);
    out = std::copy(value.begin(), value.end(), out);
    *out++ = '"';
    out_.extend_to(out);
    return *this;
  }
  Line& number(std::uint64_t value) {
    constexpr std::size_t kDigits = std::numeric_limits<std::uint64_t>::digits10 + 1;
    char* const out = out_.room(kDigits);
    out_.extend_to(std::to_chars(out, out + kDigits, value).ptr);
    return *this;
  }
  Line& compact(std::string_view json) {
    char* const out = out_.room(json.size() + event::kPadding);
    out_.extend_to(out + event::compact_json(json, out));
    return *this;
  }

 private:
  TextBuffer& out_;
};

template <class Text>
void append_match(const program::BasicMatchDetails<Text>& matched, Line& line) {
  line.plain(R"(,"matched":{"selections":[)");
  std::string_view before = "\"";
  for (const std::string_view name : matched.selections) {
    line.text(before, name);
    before = ",\"";
  }
  line.plain(R"(],"fields":[)");
  before = R"({"name":")";
  for (const auto& field : matched.fields) {
    line.text(before, field.name).text(R"(,"value":")", field.value);
    line.text(R"(,"matcher":")", field.operation).text(R"(,"pattern":")", field.pattern).plain("}");
    before = R"(,{"name":")";
  }
  line.plain("]}");
}

// ,"principal":" and so on: what stands before each of kEventFacts.
constexpr std::size_t kFacts = std::size(kEventFacts<std::string_view>);
const std::array<std::string, kFacts>& openings() {
  static const auto kOpenings = [] {
    std::array<std::string, kFacts> out;
    for (std::size_t i = 0; i < kFacts; ++i) {
      out[i].append(",\"").append(kEventFacts<std::string_view>[i].key).append("\":\"");
    }
    return out;
  }();
  return kOpenings;
}

template <class Text>
void append_facts(const EventFacts<Text>& facts, Line& line) {
  for (std::size_t i = 0; i < kFacts; ++i) {
    const EventFact<Text>& fact = kEventFacts<Text>[i];
    const std::string_view text = facts.*fact.text;
    if (text.empty() && !fact.is_always) continue;
    fact.is_word ? line.word(openings()[i], text) : line.text(openings()[i], text);
  }
}

template <class Text>
void append_resources(const std::vector<BasicResource<Text>>& resources, Line& line) {
  if (resources.empty()) return;
  std::string_view before = R"(,"resources":[{"kind":")";
  for (const auto& resource : resources) {
    line.text(before, resource.kind).text(R"(,"name":")", resource.name).plain("}");
    before = R"(,{"kind":")";
  }
  line.plain("]");
}

template <class Text>
std::size_t append(const BasicAlert<Text>& alert, TextBuffer& out) {
  Line line(out);
  line.word(R"({"id":")", alert.id).word(R"(,"fingerprint":")", alert.fingerprint);
  line.word(R"(,"status":")", alert.status).plain(",").plain(alert.rule->json);
  append_match(alert.matched, line);
  append_facts(alert, line);
  append_resources(alert.resources, line);
  line.word(R"(,"detected_at":")", alert.detected_at);
  std::size_t number_at = kNoNumber;
  if (!alert.input_path.empty()) {
    line.text(R"(,"input":{"path":")", alert.input_path).plain(R"(,"record":)");
    number_at = out.size();
    line.number(alert.input_record).plain("}");
  }
  if (alert.correlation != nullptr) {
    line.plain(R"(,"correlation":)").plain(facts_json(*alert.correlation)).plain("}");
  } else {
    line.plain(R"(,"event":)").compact(alert.event).plain("}");
  }
  return number_at;
}

}  // namespace

std::size_t append_json(const AlertView& alert, TextBuffer& out) {
  return append(alert, out);
}

std::size_t append_json(const Alert& alert, TextBuffer& out) {
  return append(alert, out);
}

}  // namespace tocsin::alert
