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
      : JsonWalk(record.text),
        fields_(fields),
        event_(event),
        end_(record.json.data() + record.json.size()),
        escape_(record.has_escapes ? record.json.data() : end_) {}

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

  // So many bytes from the beginning of a key on are readable (FieldSet::child_in_text).
  static constexpr std::size_t kReadable = 8;

  // Whether there is a backslash in [from, to). Asked in ascending order, but a string twice.
  bool has_escape(const char* from, const char* to) {
    if (escape_ >= to) return false;
    if (escape_ < from) {
      const void* found = std::memchr(from, '\\', static_cast<std::size_t>(end_ - from));
      escape_ = found == nullptr ? end_ : static_cast<const char*>(found);
    }
    return escape_ < to;
  }

  // Unescapes the inside of a string. False when it has an escape that JSON does not know.
  bool unescaped(std::string_view& text) {
    if (!has_escape(text.data(), text.data() + text.size())) return true;
    char* bytes = event_.arena_.allocate(text.size() + kReadable);
    const Unescaped result = unescape(text, bytes);
    if (!result.ok) return false;
    if (result.lone_surrogate) event_.notes_ |= kLoneSurrogate;
    event_.arena_.shrink_last(text.size() + kReadable - result.size);
    text = {bytes, result.size};
    return true;
  }

  Token object(Token token, FieldSet::NodeId node, std::size_t depth) {
    if (depth > limits::kRecordDepth) return too_deep(token);
    if (byte(++token) == '}') return token + 1;
    const bool collecting = collectors_size_ != 0;
    const FieldSet::Filter& filter = fields_.filter(node);
    for (;;) {
      if (!collecting && is_tight_key(token) && at(token + 1) <= escape_ &&
          !filter.may_have(at(token) + 1, tight_size(token))) {
        token = skip(token + 2, depth);
      } else {
        token = member(token, node, depth);
      }
      if (token == nullptr) return nullptr;
      const char after = byte(token++);
      if (after == '}') return token;
      if (after != ',') return broken(token - 1, "expected ',' or '}'");
    }
  }

  // A member that may be wanted.
  [[gnu::noinline]] Token member(Token token, FieldSet::NodeId node, std::size_t depth) {
    if (!is_key(token)) return broken(token, "expected a key in quotes and ':'");
    std::string_view key = string(token);
    if (!unescaped(key)) return broken(token, "malformed string");
    FieldSet::NodeId next = FieldSet::kNoNode;
    if (node != FieldSet::kNoNode) {
      next = fields_.child_in_text(node, key);
      if (next <= FieldSet::kLastKnown) known_ |= 1u << next;
    }
    return value(token + 2, next, depth);
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
    if (first == '"') return text_value(token, field);
    if (first == '{') return object_value(token, node, field, depth + 1);
    if (first == '[') {
      if (field != kNoField) event_.mark_present(field);
      return array(token, node, depth + 1);
    }
    return scalar(token, field);
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

  Token text_value(Token token, FieldRef field) {
    std::string_view text = string(token);
    if (!unescaped(text)) return broken(token, "malformed string");
    return take(token, field, Value::Kind::string, text);
  }

  Token scalar(Token token, FieldRef field) {
    const std::string_view scalar = text(token);
    if (scalar == "null") return take(token, field, Value::Kind::null, {});
    if (is_literal(scalar)) return take(token, field, Value::Kind::boolean, scalar);
    if (!is_number(scalar)) return broken(token, "expected a JSON value");
    return take(token, field, Value::Kind::number, number_text(scalar));
  }

  Token take(Token token, FieldRef field, Value::Kind kind, std::string_view text) {
    if (field != kNoField) event_.append(field, kind, false, text);
    for (std::size_t i = 0; i < collectors_size_; ++i) {
      event_.append(collectors_[i], kind, true, text);
    }
    return token + 1;
  }

  std::string_view number_text(std::string_view token) {
    const bool plain = token[0] != '0' && token[0] != '-' &&
                       token.find_first_not_of("0123456789") == std::string_view::npos;
    return plain ? token : event_.arena_.copy(canonical_number(token));
  }

  const FieldSet& fields_;
  Event& event_;
  const char* end_;     // of the record
  const char* escape_;  // the first backslash from some place before the token at hand, or end_
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
    event.add(field, fact.kind, fact.nested, event.arena_.copy(fact.text));
  });
}

}  // namespace tocsin::event
