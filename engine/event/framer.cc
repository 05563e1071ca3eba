#include "event/framer.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "event/json_text.h"
#include "event/line_check.h"
#include "fmt/format.h"

namespace tocsin::event {
namespace {

using Status = JsonScanner::Status;

// A line up to this size is looked at as a whole before it is read byte by byte.
constexpr std::size_t kLineBytes = std::size_t{256} << 10;
// A decision about a position may look this far beyond it.
constexpr std::size_t kLookahead = 128;
// Work that is always allowed.
constexpr std::uint64_t kFreeWork = std::uint64_t{64} << 10;

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte > ' ' && byte < 0x7f) return fmt::format("'{}'", c);
  return fmt::format("byte 0x{:02x}", byte);
}

}  // namespace

Framer::Step Framer::next(std::string_view window, bool at_end) {
  window_ = window;
  at_end_ = at_end;
  for (;;) {
    Outcome outcome = Outcome::again;
    switch (mode_) {
      case Mode::between: outcome = between(); break;
      case Mode::record: outcome = record(); break;
      case Mode::tail: outcome = tail(); break;
      case Mode::skip: outcome = skip(); break;
      case Mode::seek: outcome = seek(); break;
      case Mode::stopped: outcome = Outcome::end; break;
    }
    switch (outcome) {
      case Outcome::again: break;
      case Outcome::more: return Step::more;
      case Outcome::frame: return Step::frame;
      case Outcome::error: return Step::error;
      case Outcome::end: return Step::end;
    }
  }
}

// --- between frames -----------------------------------------------------------------------------

Framer::Outcome Framer::between() {
  while (pos_ < window_.size()) {
    const char c = window_[pos_];
    if (c == '\n') {
      line_start_ = true;
      indent_ = 0;
      in_garbage_ = false;
      if (context_count_ == 0) damaged_ = false;
      ++pos_;
    } else if (is_blank(c)) {
      if (line_start_) ++indent_;
      ++pos_;
    } else if (c == '{') {
      return line_start_ ? line() : begin_value();
    } else if (c == ']' && context_count_ != 0) {
      close_array();
      if (mode_ != Mode::between) return Outcome::again;
    } else if (in_garbage_ || c == ',' || ((c == ']' || c == '}') && damaged_)) {
      line_start_ = false;
      ++pos_;
    } else if (c == '[') {
      return open_array();
    } else if (c == '\xef' || c == '\xfe' || c == '\xff') {
      if (const Outcome outcome = byte_order_mark(); outcome != Outcome::again) return outcome;
    } else if (context_count_ != 0 && std::strchr("\"-0123456789tfn", c) != nullptr && c != 0) {
      return begin_value();
    } else {
      return garbage();
    }
  }
  return at_end_ ? finish() : Outcome::more;
}

// At a '{' that begins a line: is the line one record?
Framer::Outcome Framer::line() {
  newline_ = std::max(newline_, pos_);
  const std::size_t limit = std::min(window_.size(), pos_ + kLineBytes);
  if (newline_ < limit) {
    const void* found = std::memchr(window_.data() + newline_, '\n', limit - newline_);
    newline_ = found == nullptr
                   ? limit
                   : static_cast<std::size_t>(static_cast<const char*>(found) - window_.data());
  }
  const bool whole = newline_ < limit || (at_end_ && limit == window_.size());
  if (!whole && limit == window_.size() && limit - pos_ < kLineBytes) return Outcome::more;
  if (whole) {
    std::size_t end = newline_;
    while (is_blank(window_[end - 1])) --end;
    const std::size_t begin = pos_;
    if (window_[end - 1] == '}') {
      pos_ = end;
      worked(begin);
      if (is_plain_object(window_.substr(begin, end - begin))) {
        begin_ = begin;
        return emit_frame(end);
      }
      pos_ = begin;
    }
  }
  return begin_value();
}

Framer::Outcome Framer::begin_value() {
  if (in_garbage_ && window_[pos_] == '{') {  // does it look like the start of a record?
    if (pos_ + 1 == window_.size() && !at_end_) return Outcome::more;
    const char next = pos_ + 1 < window_.size() ? window_[pos_ + 1] : ' ';
    if (next != '"' && next != '}' && !is_space(next)) {
      ++pos_;
      return Outcome::again;
    }
  }
  begin_ = pos_;
  line_start_ = false;
  cut_ = work_limit();
  scanner_.start();
  mode_ = Mode::record;
  return Outcome::again;
}

// Where the attempt that begins at begin_ must end for the work to stay linear, or kNone.
std::size_t Framer::work_limit() {
  const std::uint64_t allowed = kWorkFactor * (base_ + furthest_) + kFreeWork;
  if (begin_ >= furthest_ || work_ <= allowed) return kNone;
  if (work_ <= 2 * allowed) return find_start(begin_ + 1, {.same_key_from = 0}, furthest_ - 1);
  if (next_start_ <= begin_) {  // attempts begin in ascending order, so each byte is searched once
    next_start_ = std::min(find_start(begin_ + 1, {.any_key_from = 0}, furthest_ - 1), furthest_);
  }
  return next_start_ < window_.size() && is_start(next_start_, {.any_key_from = 0}) ? next_start_ : kNone;
}

Framer::Outcome Framer::open_array() {
  if (damaged_ && line_start_) {
    context_count_ = 0;
    damaged_ = false;
  }
  const bool in_container =
      context_count_ != 0 && contexts_[context_count_ - 1] != Container::none;
  if (in_container || context_count_ == kContexts) return begin_value();
  contexts_[context_count_++] = Container::none;
  line_start_ = false;
  ++pos_;
  return Outcome::again;
}

Framer::Outcome Framer::close_array() {
  line_start_ = in_garbage_ = false;
  ++pos_;
  if (damaged_) return Outcome::again;  // whose bracket it is cannot be known
  if (contexts_[--context_count_] != Container::none) {
    scanner_.start_after_member();
    mode_ = Mode::tail;
  }
  return Outcome::again;
}

Framer::Outcome Framer::byte_order_mark() {
  if (!at_end_ && window_.size() - pos_ < 3) return Outcome::more;
  const std::string_view rest = window_.substr(pos_);
  if (rest.starts_with("\xef\xbb\xbf")) {
    pos_ += 3;
    return Outcome::again;
  }
  if (base_ + pos_ == 0 && (rest.starts_with("\xff\xfe") || rest.starts_with("\xfe\xff"))) {
    mode_ = Mode::stopped;
    return emit_input_error(Code::unsupported, "the text is UTF-16; convert it to UTF-8");
  }
  return garbage();
}

Framer::Outcome Framer::garbage() {
  const std::size_t at = pos_++;
  in_garbage_ = true;
  damaged_ = context_count_ != 0;
  line_start_ = false;
  mode_ = Mode::between;
  return emit_error(at, Code::invalid_input,
                    fmt::format("{} where a JSON object should begin", shown(window_[at])));
}

Framer::Outcome Framer::finish() {
  mode_ = Mode::stopped;
  if (context_count_ == 0 || damaged_) return Outcome::end;
  return emit_input_error(Code::invalid_input, "the input ends inside an array of records");
}

// --- in a value ---------------------------------------------------------------------------------

Framer::Outcome Framer::record() {
  const std::size_t limit = std::min({window_.size(), cut_, begin_ + limits::kRecordBytes});
  const std::size_t from = pos_;
  const Status status = scanner_.scan(window_.substr(0, limit), pos_);
  worked(from);
  switch (status) {
    case Status::complete:
      if (window_[begin_] == '{') return emit_frame(pos_);
      mode_ = Mode::between;
      return emit_error(begin_, Code::invalid_input, "not a JSON object");
    case Status::member_array:
      enter_container();
      return Outcome::again;
    case Status::more:
      if (limit == window_.size() && limit != cut_ && !at_end_ &&
          limit - begin_ < limits::kRecordBytes) {
        return Outcome::more;
      }
      [[fallthrough]];
    default:
      return lacks_lookahead() ? Outcome::more : broken(status);
  }
}

// The value turns out to hold records: the scanner stands at the first element of a member array.
void Framer::enter_container() {
  const char c = window_[pos_];
  if (c != '{' && c != ']') return;
  std::size_t bracket = pos_ - 1;
  while (window_[bracket] != '[') --bracket;
  const std::string_view prefix = window_.substr(begin_, bracket - begin_);
  const std::string_view key = key_before(prefix, prefix.size());
  if (!is_container_key(key)) return;
  if (damaged_) context_count_ = 0;
  if (context_count_ == kContexts) return;
  damaged_ = false;

  Container kind = Container::log_events;
  if (key == "Records") {
    kind = Container::records;
  } else if (key == "records") {
    kind = Container::firehose;
  } else if (prefix.find("\"CONTROL_MESSAGE\"") != prefix.npos) {
    kind = Container::control;
  }
  contexts_[context_count_++] = kind;
  pos_ = bracket + 1;
  mode_ = Mode::between;
}

Framer::Outcome Framer::tail() {
  const std::size_t from = pos_;
  const Status status = scanner_.scan(window_, pos_);
  worked(from);
  if (status == Status::member_array) return Outcome::again;
  if (status == Status::complete) {
    mode_ = Mode::between;
    return Outcome::again;
  }
  if (status == Status::more && !at_end_) return Outcome::more;
  damaged_ = true;
  mode_ = Mode::seek;
  begin_ = failed_ = pos_;
  previous_ = 0;
  if (status == Status::more) {
    return emit_input_error(Code::invalid_input, "the input ends inside an object with records");
  }
  return emit_error(pos_, Code::invalid_input,
                    fmt::format("{} after an array of records", shown(window_[pos_])));
}

// --- after a contradiction ----------------------------------------------------------------------

// The value at begin_ is bad; pos_ is where that shows (Status::more: no end in sight).
Framer::Outcome Framer::broken(Status status) {
  failed_ = pos_;
  if (scanner_.depth() == 0) {  // no brackets to follow
    pos_ = begin_;
    return garbage();
  }
  const auto where = [&] {
    const auto breaks = std::count(window_.begin() + static_cast<std::ptrdiff_t>(begin_),
                                   window_.begin() + static_cast<std::ptrdiff_t>(pos_), '\n');
    return breaks == 0 ? fmt::format("at byte {} of the record", pos_ - begin_ + 1)
                       : fmt::format("at byte {} of the record, {} line{} down",
                                     pos_ - begin_ + 1, breaks, breaks == 1 ? "" : "s");
  };
  std::string message;
  Code code = Code::invalid_input;
  const bool too_large = status == Status::more && pos_ - begin_ >= limits::kRecordBytes;
  if (too_large) {
    code = Code::limit;
    message = fmt::format("the record is larger than {} bytes", limits::kRecordBytes);
  } else if (status == Status::too_deep) {
    code = Code::limit;
    message = fmt::format("nested deeper than {} levels {}", limits::kRecordDepth, where());
  } else if (status == Status::line_break) {
    message = fmt::format("line break inside a string {}", where());
  } else if (pos_ == window_.size()) {
    message = "the input ends inside the record";
  } else {
    message = fmt::format("unexpected {} {}", shown(window_[pos_]), where());
  }
  const Outcome outcome = emit_error(begin_, code, std::move(message));

  if (cut_ != kNone) {
    restart(cut_);
    return outcome;
  }
  std::size_t start = kNone;
  if (status == Status::more) {
    start = find_start(begin_ + 1, {.same_key_from = 0}, pos_);
  } else if (status != Status::too_deep) {
    start = find_start(begin_ + 1, {.same_key_from = failed_}, failed_);
  }
  if (start != kNone) {
    restart(start);
    return outcome;
  }
  brackets_.start(scanner_, indent_);
  mode_ = Mode::skip;
  if (too_large) begin_ = kNone;
  return outcome;
}

Framer::Outcome Framer::skip() {
  const bool buffered = begin_ != kNone;
  const std::size_t limit =
      buffered ? std::min(window_.size(), begin_ + limits::kRecordBytes) : window_.size();
  const bool whole = at_end_ && limit == window_.size();
  const std::size_t from = pos_;
  const auto status = brackets_.scan(window_.substr(0, limit), pos_, whole);
  worked(from);
  using Brackets = BracketScanner::Status;
  if (status == Brackets::balanced) {
    mode_ = Mode::between;
    return Outcome::again;
  }
  if (status == Brackets::more && !whole && limit == window_.size()) return Outcome::more;
  if (lacks_lookahead()) return Outcome::more;
  const std::size_t start =
      buffered ? find_start(begin_ + 1, {0, before_last_string(failed_)}, pos_) : kNone;
  if (start != kNone) {
    restart(start);
  } else if (status == Brackets::line_start) {
    restart(pos_);
    line_start_ = true;
    indent_ = brackets_.column();
  } else if (status == Brackets::lost || whole) {
    damaged_ = true;
    mode_ = Mode::seek;
    previous_ = 0;
  } else {
    begin_ = kNone;  // too large to be kept
  }
  return Outcome::again;
}

Framer::Outcome Framer::seek() {
  const std::size_t from = pos_;
  for (; pos_ < window_.size(); ++pos_) {
    const char c = window_[pos_];
    if (c == '\n') {
      line_start_ = true;
      column_ = 0;
      continue;
    }
    if (is_blank(c)) {
      if (line_start_) ++column_;
      continue;
    }
    const bool near = line_start_ && column_ <= indent_;
    if (near && (c == '{' || c == '[')) break;
    if (c == '{' && (line_start_ || previous_ == ',' || previous_ == '[' || previous_ == '}')) {
      if (pos_ + 1 == window_.size() && !at_end_) {
        worked(from);
        return Outcome::more;
      }
      if (pos_ + 1 < window_.size() && window_[pos_ + 1] == '"') break;
    }
    line_start_ = false;
    previous_ = c;
  }
  worked(from);
  if (pos_ == window_.size() && !at_end_) return Outcome::more;
  if (line_start_) indent_ = column_;
  mode_ = Mode::between;
  return Outcome::again;
}

// First plausible start in [from, to], or kNone.
std::size_t Framer::find_start(std::size_t from, Elements elements, std::size_t to) {
  std::size_t at = from;
  while (at < window_.size() && at <= to && !is_start(at, elements)) {
    at = std::min(window_.find_first_of("{[", at + 1), window_.size());
  }
  work_ += std::min(at, to + 1) - from;
  return at < window_.size() && at <= to ? at : kNone;
}

bool Framer::is_start(std::size_t at, Elements elements) const {
  const char c = window_[at];
  if (c != '{' && c != '[') return false;
  std::size_t before = at;
  while (before > begin_ && is_blank(window_[before - 1])) --before;
  if (before == begin_) return false;
  const char previous = window_[before - 1];
  const bool key_follows = c == '{' && at + 1 < window_.size() && window_[at + 1] == '"';
  if (previous == '\n') return key_follows || at - before <= indent_;
  if (!key_follows || (previous != ',' && previous != '[' && previous != '}')) return false;
  if (at >= elements.any_key_from) return true;
  return at >= elements.same_key_from && !first_key(begin_).empty() &&
         first_key(at) == first_key(begin_);
}

// `{"key"` at `at`; "" when it is not there or too long.
std::string_view Framer::first_key(std::size_t at) const {
  const std::string_view text = window_.substr(at, kLookahead);
  std::size_t quote = 1;
  while (quote < text.size() && is_space(text[quote])) ++quote;
  if (quote >= text.size() || text[quote] != '"') return {};
  const std::size_t end = text.find('"', quote + 1);
  return end == text.npos ? std::string_view() : text.substr(quote, end - quote);
}

// Where the last string before `at` begins. When quotes are shifted, that string swallowed the
// boundary between two records.
std::size_t Framer::before_last_string(std::size_t at) const {
  for (int quotes = 0; at > begin_; --at) {
    if (window_[at - 1] == '"' && window_[at - 2] != '\\' && ++quotes == 2) return at - 1;
  }
  return begin_;
}

void Framer::restart(std::size_t at) {
  pos_ = at;
  mode_ = Mode::between;
  newline_ = 0;
  const std::size_t floor = begin_ == kNone ? at : begin_;
  std::size_t before = at;
  while (before > floor && is_blank(window_[before - 1])) --before;
  line_start_ = before > floor && window_[before - 1] == '\n';
  if (line_start_) indent_ = at - before;
  in_garbage_ = false;
  damaged_ = context_count_ != 0 || !line_start_;
}

bool Framer::lacks_lookahead() const {
  return !at_end_ && window_.size() - pos_ < kLookahead;
}

void Framer::worked(std::size_t from) {
  work_ += pos_ - from;
  furthest_ = std::max(furthest_, pos_);
}

// --- results ------------------------------------------------------------------------------------

Framer::Outcome Framer::emit_frame(std::size_t end) {
  locate(begin_);
  frame_.begin = begin_;
  frame_.end = end;
  frame_.container = context_count_ == 0 ? Container::none : contexts_[context_count_ - 1];
  frame_.is_record = true;
  pos_ = end;
  mode_ = Mode::between;
  line_start_ = in_garbage_ = false;
  return Outcome::frame;
}

Framer::Outcome Framer::emit_error(std::size_t at, Code code, std::string message) {
  locate(at);
  frame_.is_record = true;
  error_ = Error{code, std::move(message)};
  return Outcome::error;
}

Framer::Outcome Framer::emit_input_error(Code code, std::string message) {
  const Outcome outcome = emit_error(pos_, code, std::move(message));
  frame_.is_record = false;
  return outcome;
}

// Sets the frame's line and offset. Positions come in ascending order.
void Framer::locate(std::size_t at) {
  while (counted_ < at) {
    const void* found = std::memchr(window_.data() + counted_, '\n', at - counted_);
    if (found == nullptr) {
      counted_ = at;
    } else {
      counted_ = static_cast<std::size_t>(static_cast<const char*>(found) - window_.data()) + 1;
      ++line_;
    }
  }
  frame_.line = line_;
  frame_.offset = base_ + at;
}

std::size_t Framer::droppable() {
  const bool keeps_value = mode_ == Mode::record || (mode_ == Mode::skip && begin_ != kNone);
  const std::size_t size = keeps_value ? begin_ : pos_;
  const Frame frame = frame_;
  locate(size);
  frame_ = frame;
  return size;
}

void Framer::drop(std::size_t size) {
  base_ += size;
  const auto shift = [size](std::size_t& position) {
    if (position != kNone) position -= std::min(position, size);
  };
  for (std::size_t* position : {&pos_, &begin_, &failed_, &furthest_, &cut_, &next_start_,
                                &newline_, &counted_}) {
    shift(*position);
  }
}

}  // namespace tocsin::event
