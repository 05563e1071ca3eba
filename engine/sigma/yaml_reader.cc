#include "sigma/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "sigma/plain_yaml.h"
#include "sigma/yaml_builder.h"

namespace tocsin::sigma {
namespace {

YamlBuilder::Mark to_mark(const YAML::Mark& mark) {
  const auto from_zero = [](int n) { return static_cast<std::size_t>(n < 0 ? 0 : n); };
  return {from_zero(mark.pos), static_cast<std::uint32_t>(from_zero(mark.line) + 1),
          static_cast<std::uint32_t>(from_zero(mark.column) + 1)};
}

// Tags, anchors and styles are read from the text by the builder: the library reports them only
// in part.
class Events : public YAML::EventHandler {
 public:
  explicit Events(YamlBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override { builder_.document_start(to_mark(mark)); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { builder_.null(to_mark(mark)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    builder_.anchor(to_mark(mark));
    throw YamlBuilder::Stop{};
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    builder_.scalar(to_mark(mark), value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    builder_.collection_start(to_mark(mark), YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { builder_.collection_end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    builder_.collection_start(to_mark(mark), YamlNode::Kind::map);
  }
  void OnMapEnd() override { builder_.collection_end(); }

 private:
  YamlBuilder& builder_;
};

// Reads a text in place.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// Offset of the first control character that is not white space, npos when there is none.
std::size_t find_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) return i;
    // U+0080 to U+009F, of which YAML allows only U+0085.
    if (byte == 0xC2 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[i + 1]);
      if (next >= 0x80 && next < 0xA0 && next != 0x85) return i;
    }
  }
  return std::string_view::npos;
}

bool check_text(Reporter& report) {
  const std::string_view text = report.text();
  if (text.size() > limits::kRuleFileBytes) {
    report.error(
        "Y003", {},
        fmt::format("the file has {} bytes; the limit is {}", text.size(), limits::kRuleFileBytes));
    return false;
  }
  if (const std::size_t at = text::find_invalid_utf8(text); at != std::string_view::npos) {
    report.error("Y001", report.span(at, 1), "the file is not valid UTF-8 here");
    return false;
  }
  if (const std::size_t at = find_control(text); at != std::string_view::npos) {
    report.error("Y002", report.span(at, 1),
                 fmt::format("control character 0x{:02x}; write it as an escape in double quotes",
                             static_cast<unsigned char>(text[at])));
    return false;
  }
  return true;
}

// nullopt: the text is not plain, or has a problem, which is then for yaml-cpp to describe.
std::optional<std::vector<YamlDocument>> read_plain(const Reporter& report) {
  Diagnostics problems;
  Reporter quiet(report.text(), report.file(), problems);
  if (quiet.text().size() != report.text().size()) return std::nullopt;  // one more byte order mark
  YamlBuilder builder(quiet);
  try {
    if (!read_plain_yaml(quiet.text(), builder) || !problems.empty()) return std::nullopt;
  } catch (const YamlBuilder::Stop&) {
    return std::nullopt;
  }
  return builder.finish(false);
}

std::vector<YamlDocument> read_with_library(Reporter& report) {
  YamlBuilder builder(report);
  try {
    TextBuffer buffer(report.text());
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Events events(builder);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YamlBuilder::Stop&) {
    return builder.finish(true);
  } catch (const YAML::Exception& error) {
    // The library's position can lie behind the end of the text.
    const std::size_t offset = std::min(to_mark(error.mark).offset, report.text().size());
    report.error("Y004", report.span(offset, 1), "YAML: " + error.msg);
    return builder.finish(true);
  }
  return builder.finish(false);
}

}  // namespace

std::vector<YamlDocument> read_yaml(Reporter& report, YamlReading reading) {
  if (!check_text(report)) return YamlBuilder(report).finish(true);
  if (reading == YamlReading::plain_first) {
    if (auto documents = read_plain(report)) return std::move(*documents);
  }
  return read_with_library(report);
}

}  // namespace tocsin::sigma
