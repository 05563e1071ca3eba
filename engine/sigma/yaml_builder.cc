#include "sigma/yaml_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace tocsin::sigma {
namespace {

// Of a collection in a rule: what is reserved at first.
constexpr std::size_t kUsualSize = 4;

Span span_of(YamlBuilder::Mark mark, std::size_t length) {
  return {mark.line, mark.column, static_cast<std::uint32_t>(length)};
}

std::string_view rest_of_line(std::string_view text, std::size_t offset) {
  std::string_view line = text.substr(offset, text.find('\n', offset) - offset);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

// Offset just after the quoted scalar that begins at `offset`, npos when nothing closes it.
std::size_t end_of_quoted(std::string_view text, std::size_t offset) {
  const char quote = text[offset];
  for (std::size_t i = offset + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

void YamlBuilder::stop(DiagnosticCode code, Mark mark, std::string message) {
  report_.error(code, span_of(mark, 1), std::move(message));
  throw Stop{};
}

void YamlBuilder::document_start(Mark mark) {
  // Without this, text that is cut or indented wrongly would read as two documents, and a parser
  // that makes no progress would send documents for ever.
  if (!documents_.empty() && text_.substr(mark.offset, 3) != "---") {
    stop("Y013", mark, "the document before ends here; if a new one starts, write `---` first");
  }
  if (documents_.size() == limits::kYamlDocuments) {
    stop("Y008", mark, fmt::format("more than {} documents in one file", limits::kYamlDocuments));
  }
  // A document's text reaches to the end of the file until the next one starts.
  const std::string_view rest = text_.substr(mark.offset);
  if (!documents_.empty()) documents_.back().text.remove_suffix(rest.size());
  documents_.emplace_back().text = rest;
}

void YamlBuilder::count_node(Mark mark) {
  if (++node_count_ > limits::kYamlNodes) {
    stop("Y007", mark, fmt::format("more than {} YAML nodes in one file", limits::kYamlNodes));
  }
}

void YamlBuilder::anchor(Mark mark) {
  report_.error("Y009", span_of(mark, 1),
                "anchors and aliases are not accepted; write the value where it is needed");
  documents_.back().valid = false;
}

void YamlBuilder::refuse_properties(Mark mark) {
  if (mark.offset >= text_.size()) return;
  if (text_[mark.offset] == '&') anchor(mark);
  if (text_[mark.offset] == '!') {
    report_.error("Y010", span_of(mark, 1), "tags are not accepted; quote a value to make it text");
    documents_.back().valid = false;
  }
}

YamlNode* YamlBuilder::next_slot() {
  if (open_.empty()) return &documents_.back().root;
  Frame& frame = open_.back();
  if (frame.node->is_sequence()) {
    if (frame.node->items.empty()) frame.node->items.reserve(kUsualSize);
    return &frame.node->items.emplace_back();
  }
  if (!frame.has_key) return nullptr;
  frame.has_key = false;
  return &frame.node->entries.back().value;
}

void YamlBuilder::add_key(Mark mark, YamlScalar key) {
  if (key.style == YamlScalar::Style::plain) {
    if (key.text.empty()) stop("Y012", mark, "a key is missing here");
    if (key.text == "<<") {
      report_.error("Y014", key.at, "merge keys are not accepted; write the entries out");
      documents_.back().valid = false;
    }
  }
  Frame& frame = open_.back();
  if (frame.node->entries.empty()) frame.node->entries.reserve(kUsualSize);
  frame.node->entries.emplace_back().key = std::move(key);
  frame.has_key = true;
}

YamlScalar YamlBuilder::read_null(Mark mark) {
  // The library does not say how the null was written, and for an absent value `mark` is the next
  // token. As a value it makes no difference; a key is what was written.
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (text_.substr(mark.offset, word.size()) == word) {
      return {std::string(word), span_of(mark, word.size()), YamlScalar::Style::plain};
    }
  }
  return {std::string(), span_of(mark, 0), YamlScalar::Style::plain};
}

void YamlBuilder::null(Mark mark) {
  count_node(mark);
  refuse_properties(mark);
  const bool has_parent = !open_.empty() && open_.back().node->is_map();
  const Span key_at =
      has_parent && open_.back().has_key ? open_.back().node->entries.back().key.at : Span{};
  YamlNode* slot = next_slot();
  if (slot == nullptr) return add_key(mark, read_null(mark));
  slot->scalar = read_null(mark);
  // An absent value is shown at its key.
  const bool absent = slot->scalar.text.empty() || mark.line != key_at.line;
  if (key_at.line != 0 && absent) slot->scalar = {std::string(), key_at, YamlScalar::Style::plain};
}

Span YamlBuilder::measure(Mark mark, const std::string& value, YamlScalar::Style style) {
  const std::string_view line = rest_of_line(text_, mark.offset);
  if (style == YamlScalar::Style::quoted) {
    const std::size_t end = end_of_quoted(text_, mark.offset);
    if (end == std::string_view::npos) stop("Y005", mark, "this quoted text is never closed");
    return span_of(mark, std::min(end - mark.offset, line.size()));
  }
  if (style == YamlScalar::Style::plain && line.starts_with(value)) {
    return span_of(mark, value.size());
  }
  return span_of(mark, text::trim(line.substr(0, line.find(" #"))).size());
}

void YamlBuilder::scalar(Mark mark, const std::string& value) {
  count_node(mark);
  refuse_properties(mark);
  const char first = mark.offset < text_.size() ? text_[mark.offset] : '\0';
  const auto style = first == '"' || first == '\''  ? YamlScalar::Style::quoted
                     : first == '|' || first == '>' ? YamlScalar::Style::block
                                                    : YamlScalar::Style::plain;
  YamlScalar scalar{value, measure(mark, value, style), style};
  if (YamlNode* slot = next_slot()) {
    slot->scalar = std::move(scalar);
  } else {
    add_key(mark, std::move(scalar));
  }
}

void YamlBuilder::collection_start(Mark mark, YamlNode::Kind kind) {
  count_node(mark);
  refuse_properties(mark);
  if (open_.size() >= limits::kYamlDepth) {
    stop("Y006", mark, fmt::format("nested more than {} levels deep", limits::kYamlDepth));
  }
  YamlNode* slot = next_slot();
  if (slot == nullptr) stop("Y012", mark, "a map key must be plain text, not a list or a map");
  slot->kind = kind;
  slot->scalar.at = span_of(mark, 1);
  open_.push_back({slot});
}

void YamlBuilder::collection_end() {
  const YamlNode& node = *open_.back().node;
  if (node.is_map()) check_duplicates(node);
  open_.pop_back();
}

void YamlBuilder::check_duplicates(const YamlNode& map) {
  std::vector<const YamlScalar*> keys;
  keys.reserve(map.entries.size());
  for (const YamlEntry& entry : map.entries) keys.push_back(&entry.key);
  std::stable_sort(keys.begin(), keys.end(),
                   [](const YamlScalar* a, const YamlScalar* b) { return a->text < b->text; });
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i - 1]->text != keys[i]->text) continue;
    report_.error("Y011", keys[i]->at,
                  fmt::format("the key `{}` is already given in line {}; which of the two counts?",
                              keys[i]->text, keys[i - 1]->at.line));
    documents_.back().valid = false;
  }
}

std::vector<YamlDocument> YamlBuilder::finish(bool failed) {
  // A failure after the end of a document is about text that was meant to be part of it.
  if (failed && documents_.empty()) documents_.emplace_back();
  if (failed) documents_.back().valid = false;
  std::erase_if(documents_, [](const YamlDocument& document) {
    return document.valid && document.root.is_null();
  });
  return std::move(documents_);
}

}  // namespace tocsin::sigma
