#include "event/event_reader.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/limits.h"
#include "base/number.h"
#include "event/cloudtrail.h"
#include "event/json_text.h"

namespace tocsin::event {

// One walk over one record: JsonWalk for what nobody wants, and the same steps with an eye on the
// fields for the rest.
class EventReader::Walk : public JsonWalk {
 public:
  Walk(const FieldSet& fields, const IndexedRecord& record, Event& event)
      : JsonWalk(record.text), fields_(fields), escapes_(record.has_escapes), event_(event) {}

  // The token after the record; nullptr when it is broken.
  Token run(Token token) {
    if (byte(token) != '{') return broken(token, "a record must be a JSON object");
    const FieldRef keywords = fields_.field_at(FieldSet::kRoot);
    if (keywords != kNoField) collect_below(keywords);
    const Token end = object(token, FieldSet::kRoot, 1);
    if (long_number()) event_.notes_ |= kLongNumber;
    event_.is_cloudtrail_ = (known_ & kCloudTrail) == kCloudTrail;
    return end;
  }

  bool is_envelope() const { return (known_ & ~kCloudTrail) != 0; }

 private:
  static constexpr std::uint32_t kCloudTrail =
      1u << FieldSet::kEventName | 1u << FieldSet::kEventSource;
  // A collector is a field whose path ended at an enclosing object.
  static constexpr std::size_t kMaxCollectors = limits::kRecordDepth;

  // Unescapes the inside of a string. False when it has an escape that JSON does not know.
  bool unescaped(std::string_view& text) {
    if (!escapes_ || std::memchr(text.data(), '\\', text.size()) == nullptr) return true;
    char* bytes = event_.arena_.allocate(text.size());
    const Unescaped result = unescape(text, bytes);
    if (!result.ok) return false;
    if (result.lone_surrogate) event_.notes_ |= kLoneSurrogate;
    event_.arena_.shrink_last(text.size() - result.size);
    text = {bytes, result.size};
    return true;
  }

  Token object(Token token, FieldSet::NodeId node, std::size_t depth) {
    if (depth > limits::kRecordDepth) return too_deep(token);
    if (byte(++token) == '}') return token + 1;
    const bool collecting = collectors_size_ != 0;
    const FieldSet::Filter& filter = fields_.filter(node);
    for (;;) {
      if (!is_key(token)) return broken(token, "expected a key in quotes and ':'");
      FieldSet::NodeId next = FieldSet::kNoNode;
      if (may_lead(filter, token) && !follow(node, token, next)) {
        return broken(token, "malformed string");
      }
      token += 2;
      if (next != FieldSet::kNoNode || collecting) {
        token = value(token, next, depth);
      } else if (byte(token) == '"') {
        ++token;
      } else {
        token = skip(token, depth);
      }
      if (token == nullptr) return nullptr;
      const char after = byte(token++);
      if (after == '}') return token;
      if (after != ',') return broken(token - 1, "expected ',' or '}'");
    }
  }

  // False for most keys that lead nowhere.
  bool may_lead(const FieldSet::Filter& filter, Token key) const {
    const std::size_t size = tight_size(key);
    return size == kSpaced || escapes_ || filter.may_have(byte_after(key), size);
  }

  // False when the key is malformed.
  bool follow(FieldSet::NodeId node, Token key, FieldSet::NodeId& next) {
    std::string_view text = string(key);
    if (!unescaped(text)) return false;
    if (node == FieldSet::kNoNode) return true;
    next = fields_.child(node, text);
    if (next <= FieldSet::kLastKnown) known_ |= 1u << next;
    return true;
  }

  Token array(Token token, FieldSet::NodeId node, std::size_t depth) {
    if (depth > limits::kRecordDepth) return too_deep(token);
    if (byte(++token) == ']') return token + 1;
    for (;;) {
      token = value(token, node, depth);
      if (token == nullptr) return nullptr;
      const char after = byte(token++);
      if (after == ']') return token;
      if (after != ',') return broken(token - 1, "expected ',' or ']'");
    }
  }

  // A value whose path has led to `node` (kNoNode: no field of ours is on this path).
  Token value(Token token, FieldSet::NodeId node, std::size_t depth) {
    if (node == FieldSet::kNoNode && collectors_size_ == 0) return skip(token, depth);
    const FieldRef field = node == FieldSet::kNoNode ? kNoField : fields_.field_at(node);
    const char first = byte(token);
    if (first == '{') return object_value(token, node, field, depth + 1);
    if (first == '[') {
      if (field != kNoField) event_.mark_present(field);
      return array(token, node, depth + 1);
    }
    return scalar(token, first, field);
  }

  Token object_value(Token token, FieldSet::NodeId node, FieldRef field, std::size_t depth) {
    if (field == kNoField) return object(token, node, depth);
    event_.mark_present(field);
    if (collectors_size_ == kMaxCollectors) return too_deep(token);
    collect_below(field);
    const Token end = object(token, node, depth);
    --collectors_size_;
    return end;
  }

  void collect_below(FieldRef field) { collectors_[collectors_size_++] = field; }

  Token scalar(Token token, char first, FieldRef field) {
    Value value;
    if (first == '"') {
      value.kind = Value::Kind::string;
      value.text = string(token);
      if (!unescaped(value.text)) return broken(token, "malformed string");
    } else {
      const std::string_view scalar = text(token);
      if (scalar == "null") {
        value.kind = Value::Kind::null;
      } else if (is_literal(scalar)) {
        value.kind = Value::Kind::boolean;
        value.text = scalar;
      } else if (is_number(scalar)) {
        value.kind = Value::Kind::number;
        value.text = number_text(scalar);
      } else {
        return broken(token, "expected a JSON value");
      }
    }
    if (field != kNoField) event_.append(field, value);
    value.nested = true;
    for (std::size_t i = 0; i < collectors_size_; ++i) event_.append(collectors_[i], value);
    return token + 1;
  }

  std::string_view number_text(std::string_view token) {
    const bool plain = token[0] != '0' && token[0] != '-' &&
                       token.find_first_not_of("0123456789") == std::string_view::npos;
    return plain ? token : event_.arena_.copy(canonical_number(token));
  }

  const FieldSet& fields_;
  const bool escapes_;
  Event& event_;
  std::uint32_t known_ = 0;  // bit n: the key of node n occurs
  std::array<FieldRef, kMaxCollectors> collectors_;
  std::size_t collectors_size_ = 0;
};

EventReader::EventReader(const FieldSet& fields)
    : fields_(fields), facts_(FactFields::in(fields)) {}

EventReader::~EventReader() = default;
EventReader::EventReader(EventReader&&) noexcept = default;

bool EventReader::read(const IndexedRecord& record, Event& event, Token& next) {
  event.begin(record.json, fields_.size());
  if (record.hides_characters) event.spelling_ = Event::Spelling::hidden;
  Walk walk(fields_, record, event);
  const Token end = walk.run(record.token);
  const char* last = record.json.data() + record.json.size() - 1;
  if (end == nullptr || walk.is_envelope() || record.text + end[-1] != last) return false;
  next = end;
  if (facts_ != nullptr) add_facts(event);
  return true;
}

Status EventReader::read(std::string_view json, Event& event) {
  event.begin(json, fields_.size());
  const auto failed = [&](Code code, std::string message) {
    event.begin({}, fields_.size());
    return fail(code, std::move(message));
  };
  StructuralIndex::Outcome outcome = index_.build(json);
  if (outcome == StructuralIndex::Outcome::bad_bytes) {
    const Repaired repaired = repair(json, event.repaired_);
    event.json_ = json = event.repaired_;
    if (repaired.invalid_utf8) event.notes_ |= kInvalidUtf8;
    if (repaired.control_byte) event.notes_ |= kControlByte;
    outcome = index_.build(json);
  }
  if (outcome == StructuralIndex::Outcome::no_memory) {
    return failed(Code::limit, "not enough memory to read the record");
  }
  if (outcome != StructuralIndex::Outcome::ok) {
    return failed(Code::invalid_input, "not a JSON record: a string does not end, or no text");
  }
  const Escapes escapes = check_escapes(json);
  if (!escapes.ok) {
    return failed(
        Code::invalid_input,
        fmt::format("unknown escape in a string (byte {} of the record)", escapes.offset));
  }
  if (escapes.lone_surrogate) {
    event.notes_ |= kLoneSurrogate;
    replace_lone_surrogates(json, event.repaired_);  // escape for escape: the index stays right
    event.json_ = json = event.repaired_;
  }
  if (escapes.needless) event.spelling_ = Event::Spelling::hidden;

  Walk walk(fields_, {json, json.data(), index_.positions(), escapes.any, escapes.needless}, event);
  Token end = walk.run(index_.positions());
  if (end != nullptr && end != index_.positions() + index_.size()) {
    end = walk.broken(end, "unexpected text after the record");
  }
  if (end == nullptr) {
    const std::uint32_t at = *walk.where();
    if (walk.is_too_deep()) {
      return failed(Code::limit, fmt::format("nested deeper than {} levels (byte {} of the record)",
                                             limits::kRecordDepth, at));
    }
    return failed(Code::invalid_input, fmt::format("{} (byte {} of the record)", walk.what(), at));
  }
  if (facts_ != nullptr) add_facts(event);
  return {};
}

void EventReader::add_facts(Event& event) {
  facts_->compute(event, [&event](FieldRef field, const Value& fact) {
    Value copy = fact;
    copy.text = event.arena_.copy(fact.text);
    event.append(field, copy);
  });
}

}  // namespace tocsin::event
