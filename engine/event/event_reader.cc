#include "event/event_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.h"
#include "base/number.h"
#include "event/cloudtrail.h"
#include "event/json_text.h"

namespace tocsin::event {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

}  // namespace

// The positions of all structural characters and of the first byte of every scalar: the output of
// simdjson's stage 1 (its internal interface; pinned by Debian's simdjson 3.0).
class EventReader::Index {
 public:
  simdjson::error_code build(std::string_view json) {
    if (stage1_ == nullptr || json.size() > capacity_) {
      const std::size_t capacity = std::max(json.size(), std::size_t{16} << 10);
      const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
          capacity, limits::kRecordDepth, stage1_);
      if (error) return error;
      capacity_ = capacity;
    }
    return stage1_->stage1(reinterpret_cast<const std::uint8_t*>(json.data()), json.size(),
                           simdjson::stage1_mode::regular);
  }
  const std::uint32_t* positions() const { return stage1_->structural_indexes.get(); }
  std::size_t size() const { return stage1_->n_structural_indexes; }

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  std::size_t capacity_ = 0;
};

// One walk over one record. Tokens are addressed by their number in the index.
class EventReader::Walk {
 public:
  // `escapes`: there are backslashes in the record.
  Walk(const FieldSet& fields, const Index& index, std::string_view json, bool escapes,
       Event& event)
      : fields_(fields),
        at_(index.positions()),
        size_(index.size()),
        json_(json),
        data_(json.data()),
        escapes_(escapes),
        event_(event) {}

  // False when the record is broken; error() then says how.
  bool run() {
    if (byte() != '{') return broken("a record must be a JSON object");
    const FieldRef keywords = fields_.field_at(FieldSet::kRoot);
    if (keywords != kNoField) collect_below(keywords);
    if (!object(FieldSet::kRoot)) return false;
    if (token_ != size_) return broken("unexpected text after the record");
    event_.is_cloudtrail_ = saw_event_name_ && saw_event_source_;
    return true;
  }

  Error& error() { return error_; }

 private:
  enum class Expect : std::uint8_t { value, first_value, key, first_key, colon, comma };

  // A collector is a field whose path ended at an enclosing object.
  static constexpr std::size_t kMaxCollectors = limits::kRecordDepth;

  char byte() const { return token_ < size_ ? data_[at_[token_]] : '\0'; }

  // Remembers what is wrong with the token at hand; false, for the caller to return.
  bool broken(std::string_view what) {
    const std::size_t offset = token_ < size_ ? at_[token_] : json_.size();
    error_ = {Code::invalid_input, fmt::format("{} (byte {} of the record)", what, offset)};
    return false;
  }

  // The bytes of the token up to the next one, without white space.
  std::string_view token_text() const {
    const std::size_t begin = at_[token_];
    std::size_t end = token_ + 1 < size_ ? at_[token_ + 1] : json_.size();
    while (end > begin + 1 && is_space(data_[end - 1])) --end;
    return json_.substr(begin, end - begin);
  }

  // Reads the string token, unescaped; false when it is not a string.
  bool read_string(std::string_view& out) {
    std::string_view text = token_text();
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
    text = text.substr(1, text.size() - 2);
    out = text;
    if (escapes_ && std::memchr(text.data(), '\\', text.size()) != nullptr) {
      char* bytes = event_.arena_.allocate(text.size());
      const Unescaped result = unescape(text, bytes);
      if (!result.ok) return false;
      if (result.lone_surrogate) event_.notes_ |= kLoneSurrogate;
      event_.arena_.shrink_last(text.size() - result.size);
      out = {bytes, result.size};
    }
    return true;
  }

  bool object(FieldSet::NodeId node) {
    if (++depth_ > limits::kRecordDepth) return too_deep();
    ++token_;
    if (byte() == '}') return leave();
    for (;;) {
      std::string_view key;
      if (byte() != '"' || !read_string(key)) return broken("expected a key in quotes");
      ++token_;
      if (byte() != ':') return broken("expected ':' after a key");
      ++token_;
      if (depth_ == 1) note_top_level(key);
      const FieldSet::NodeId next =
          node == FieldSet::kNoNode ? FieldSet::kNoNode : fields_.child(node, key);
      if (!value(next)) return false;
      if (byte() == '}') return leave();
      if (byte() != ',') return broken("expected ',' or '}'");
      ++token_;
    }
  }

  bool array(FieldSet::NodeId node) {
    if (++depth_ > limits::kRecordDepth) return too_deep();
    ++token_;
    if (byte() == ']') return leave();
    for (;;) {
      if (!value(node)) return false;
      if (byte() == ']') return leave();
      if (byte() != ',') return broken("expected ',' or ']'");
      ++token_;
    }
  }

  bool leave() {
    ++token_;
    --depth_;
    return true;
  }

  bool too_deep() {
    broken(fmt::format("nested deeper than {} levels", limits::kRecordDepth));
    error_.code = Code::limit;
    return false;
  }

  // A value whose path has led to `node` (kNoNode: no field of ours is on this path).
  bool value(FieldSet::NodeId node) {
    const char first = byte();
    if (node == FieldSet::kNoNode && collectors_size_ == 0) return skip(first);
    const FieldRef field = node == FieldSet::kNoNode ? kNoField : fields_.field_at(node);
    if (first == '{') return object_value(node, field);
    if (first == '[') {
      if (field != kNoField) event_.mark_present(field);
      return array(node);
    }
    return scalar(first, field);
  }

  bool object_value(FieldSet::NodeId node, FieldRef field) {
    if (field == kNoField) return object(node);
    event_.mark_present(field);
    if (collectors_size_ == kMaxCollectors) return too_deep();
    collect_below(field);
    bool walked = object(node);
    --collectors_size_;
    return walked;
  }

  void collect_below(FieldRef field) { collectors_[collectors_size_++] = field; }

  bool scalar(char first, FieldRef field) {
    Value value;
    if (first == '"') {
      value.kind = Value::Kind::string;
      if (!read_string(value.text)) return broken("malformed string");
    } else {
      const std::string_view text = token_text();
      if (text == "true" || text == "false") {
        value.kind = Value::Kind::boolean;
        value.text = text;
      } else if (text == "null") {
        value.kind = Value::Kind::null;
      } else if (check_number(text)) {
        value.kind = Value::Kind::number;
        value.text = number_text(text);
      } else {
        return broken("expected a JSON value");
      }
    }
    ++token_;
    if (field != kNoField) event_.append(field, value);
    value.nested = true;
    for (std::size_t i = 0; i < collectors_size_; ++i) event_.append(collectors_[i], value);
    return true;
  }

  std::string_view number_text(std::string_view token) {
    const bool plain = token[0] != '0' && token[0] != '-' &&
                       token.find_first_not_of("0123456789") == std::string_view::npos;
    return plain ? token : event_.arena_.copy(canonical_number(token));
  }

  // Steps over a value nobody asked for, as strictly as the others are read: a record must not be
  // good or bad depending on which fields the rules name.
  bool skip(char first) {
    if (first != '{' && first != '[') return skip_scalar();
    const std::size_t base = depth_;
    std::uint64_t objects = 0;  // bit d: the container at depth base + d is an object
    Expect expect = Expect::value;
    for (; token_ < size_; ++token_) {
      const char c = data_[at_[token_]];
      switch (c) {
        case '{':
        case '[': {
          if (expect != Expect::value && expect != Expect::first_value) return unexpected();
          if (++depth_ > limits::kRecordDepth) return too_deep();
          const std::uint64_t bit = std::uint64_t{1} << (depth_ - base - 1);
          objects = c == '{' ? objects | bit : objects & ~bit;
          expect = c == '{' ? Expect::first_key : Expect::first_value;
          break;
        }
        case '}':
        case ']': {
          const bool in_object = (objects >> (depth_ - base - 1) & 1) != 0;
          const bool empty = expect == (in_object ? Expect::first_key : Expect::first_value);
          if ((c == '}') != in_object || (!empty && expect != Expect::comma)) return unexpected();
          expect = Expect::comma;
          if (--depth_ == base) {
            ++token_;
            return true;
          }
          break;
        }
        case ',':
          if (expect != Expect::comma) return unexpected();
          expect = (objects >> (depth_ - base - 1) & 1) != 0 ? Expect::key : Expect::value;
          break;
        case ':':
          if (expect != Expect::colon) return unexpected();
          expect = Expect::value;
          break;
        case '"':
          if (expect == Expect::colon || expect == Expect::comma) return unexpected();
          expect =
              expect == Expect::key || expect == Expect::first_key ? Expect::colon : Expect::comma;
          break;
        default:
          if (expect != Expect::value && expect != Expect::first_value) return unexpected();
          if (!check_scalar()) return unexpected();
          expect = Expect::comma;
      }
    }
    return broken("the record ends inside an object or array");
  }

  bool skip_scalar() {
    const char first = byte();
    if (first != '"' && !check_scalar()) return unexpected();
    ++token_;
    return true;
  }

  bool unexpected() { return broken("unexpected text"); }

  // The token is a literal or a number.
  bool check_scalar() {
    const std::string_view text = token_text();
    if (text == "true" || text == "false" || text == "null") return true;
    return check_number(text);
  }

  bool check_number(std::string_view token) {
    if (token.size() > kInt64Digits && is_json_integer(token)) event_.notes_ |= kLongNumber;
    return is_json_number(token);
  }

  void note_top_level(std::string_view key) {
    if (key == "eventName") saw_event_name_ = true;
    if (key == "eventSource") saw_event_source_ = true;
  }

  static constexpr std::size_t kInt64Digits = 19;

  const FieldSet& fields_;
  const std::uint32_t* at_;
  std::size_t size_;
  std::string_view json_;
  const char* data_;  // of json_
  const bool escapes_;
  Event& event_;
  Error error_;

  std::size_t token_ = 0;
  std::size_t depth_ = 0;
  std::array<FieldRef, kMaxCollectors> collectors_;
  std::size_t collectors_size_ = 0;
  bool saw_event_name_ = false;
  bool saw_event_source_ = false;
};

EventReader::EventReader(const FieldSet& fields)
    : fields_(fields), index_(std::make_unique<Index>()), facts_(FactFields::in(fields)) {}

EventReader::~EventReader() = default;

Status EventReader::read(std::string_view json, Event& event) {
  event.begin(json, fields_.size());
  auto error = index_->build(json);
  if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
    const Repaired repaired = repair(json, event.repaired_);
    event.json_ = json = event.repaired_;
    if (repaired.invalid_utf8) event.notes_ |= kInvalidUtf8;
    if (repaired.control_byte) event.notes_ |= kControlByte;
    error = index_->build(json);
  }
  if (error) {
    event.begin({}, fields_.size());
    return fail(error == simdjson::MEMALLOC ? Code::limit : Code::invalid_input,
                fmt::format("not a JSON record: {}", simdjson::error_message(error)));
  }
  const Escapes escapes = check_escapes(json);
  if (!escapes.ok) {
    event.begin({}, fields_.size());
    return fail(Code::invalid_input,
                fmt::format("unknown escape in a string (byte {} of the record)", escapes.offset));
  }
  if (escapes.lone_surrogate) {
    event.notes_ |= kLoneSurrogate;
    replace_lone_surrogates(json, event.repaired_);  // escape for escape: the index stays right
    event.json_ = json = event.repaired_;
  }
  event.is_spelled_out_ = !escapes.needless && is_ascii(json);
  Walk walk(fields_, *index_, json, escapes.any, event);
  if (!walk.run()) {
    event.begin({}, fields_.size());
    return tl::unexpected<Error>(std::move(walk.error()));
  }
  if (facts_ != nullptr) {
    facts_->compute(event, [&event](FieldRef field, const Value& fact) {
      Value copy = fact;
      copy.text = event.arena_.copy(fact.text);
      event.append(field, copy);
    });
  }
  return {};
}

}  // namespace tocsin::event
