#include "event/framer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "event/json_text.h"
#include "event/line_check.h"

namespace tocsin::event {
namespace {

using Status = JsonScanner::Status;

// A line up to this size is looked at as a whole before it is read byte by byte.
constexpr std::size_t kLineBytes = std::size_t{256} << 10;

// How CloudTrail's log files begin: a line of many records, which are better read one by one.
constexpr std::string_view kLogFile = R"({"Records":)";

constexpr std::string_view kNoObject = "not a JSON object";

}  // namespace

Framer::Step Framer::next(std::string_view window, bool at_end) {
  window_ = window;
  at_end_ = at_end;
  for (;;) {
    if (const Outcome outcome = step()) return *outcome;
  }
}

Framer::Outcome Framer::step() {
  switch (mode_) {
    case Mode::between:
      return between();
    case Mode::record:
      return record();
    case Mode::tail:
      return tail();
    case Mode::skip:
      return skip();
    case Mode::seek:
      return seek();
    case Mode::ended:
    case Mode::stopped:
      break;
  }
  return Step::end;
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
      if (trust_ == Trust::unchecked && context_count_ != 0) return element();
      return line_start_ ? line() : begin_value();
    } else if (c == ']' && context_count_ != 0) {
      close_array();
      if (mode_ != Mode::between) return std::nullopt;
    } else if (in_garbage_ || c == ',' || ((c == ']' || c == '}') && damaged_)) {
      line_start_ = false;
      ++pos_;
    } else if (c == '[') {
      return open_array();
    } else if (c == '\xef' || c == '\xfe' || c == '\xff') {
      if (const Outcome outcome = byte_order_mark()) return outcome;
    } else if (context_count_ != 0 && std::strchr("\"-0123456789tfn", c) != nullptr && c != 0) {
      return begin_value();
    } else {
      return garbage();
    }
  }
  return at_end_ ? finish() : Outcome(Step::more);
}

// At a '{' that begins a line: is the line one record?
Framer::Outcome Framer::line() {
  const bool whole = find_line_end();
  if (!whole && newline_ == window_.size() && !at_end_ && newline_ - pos_ < kLineBytes) {
    return Step::more;
  }
  std::size_t end = newline_;
  while (is_blank(window_[end - 1])) --end;
  if (!whole || window_[end - 1] != '}') return begin_value();
  begin_ = pos_;
  if (trust_ == Trust::unchecked && indent_ == 0 && context_count_ == 0 && !damaged_ &&
      !window_.substr(pos_).starts_with(kLogFile)) {
    const bool last = newline_ + 1 >= window_.size();
    if (last && !at_end_ && patient_) return Step::more;
    if (last ? at_end_ : window_[newline_ + 1] == '{') return emit_line(end);
  }
  pos_ = end;
  worked(begin_);
  if (is_plain_object(window_.substr(begin_, end - begin_))) return emit_frame(end);
  pos_ = begin_;
  return begin_value();
}

// Moves newline_ to the end of the line at pos_. False when that is not within kLineBytes.
bool Framer::find_line_end() {
  newline_ = std::max(newline_, pos_);
  const std::size_t limit = std::min(window_.size(), pos_ + kLineBytes);
  if (newline_ < limit) {
    const void* found = std::memchr(window_.data() + newline_, '\n', limit - newline_);
    newline_ = found == nullptr
                   ? limit
                   : static_cast<std::size_t>(static_cast<const char*>(found) - window_.data());
  }
  return newline_ < limit || (at_end_ && limit == window_.size());
}

// At the '{' of an array's element.
Framer::Outcome Framer::element() {
  const Container container = contexts_[context_count_ - 1].kind;
  const bool plain = container == Container::none || container == Container::records;
  const auto carefully = [&] { return line_start_ ? line() : begin_value(); };
  if (!plain || in_garbage_ || damaged_) return carefully();
  const auto end = elements_.end_of(window_, pos_, base_, at_end_);
  if (end && *end - pos_ <= limits::kRecordBytes) {
    begin_ = pos_;
    pos_ = *end;
    worked(begin_);
    const Outcome outcome = emit_frame(*end);
    frame_.checked = false;
    return outcome;
  }
  if (!at_end_ && patient_ && window_.size() - pos_ < kLineBytes) return Step::more;
  return carefully();
}

Framer::Outcome Framer::begin_value() {
  if (in_garbage_ && window_[pos_] == '{') {  // does it look like the start of a record?
    if (pos_ + 1 == window_.size() && !at_end_) return Step::more;
    const char next = pos_ + 1 < window_.size() ? window_[pos_ + 1] : ' ';
    if (next != '"' && next != '}' && !is_space(next)) {
      ++pos_;
      return std::nullopt;
    }
  }
  begin_ = pos_;
  object_ = Context();
  line_start_ = false;
  cut_ = work_limit();
  scanner_.start();
  mode_ = Mode::record;
  return std::nullopt;
}

Framer::Outcome Framer::open_array() {
  if (damaged_ && line_start_) {
    context_count_ = 0;
    damaged_ = false;
  }
  const Container outer =
      context_count_ == 0 ? Container::none : contexts_[context_count_ - 1].kind;
  const bool in_container = outer != Container::none;
  if (context_count_ == kContexts || (in_container && damaged_)) return begin_value();
  contexts_[context_count_] = Context();
  contexts_[context_count_++].kind = outer;
  line_start_ = false;
  const std::size_t at = pos_++;
  if (in_container) return emit_error(at, Code::invalid_input, std::string(kNoObject));
  return std::nullopt;
}

void Framer::close_array() {
  line_start_ = in_garbage_ = false;
  ++pos_;
  if (damaged_) return;  // whose bracket it is cannot be known
  if (contexts_[context_count_ - 1].in_object) {
    scanner_.start_after_member();
    mode_ = Mode::tail;
  } else {
    --context_count_;
  }
}

Framer::Outcome Framer::byte_order_mark() {
  if (!at_end_ && window_.size() - pos_ < 3) return Step::more;
  const std::string_view rest = window_.substr(pos_);
  if (rest.starts_with("\xef\xbb\xbf")) {
    pos_ += 3;
    return std::nullopt;
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
  damaged_ = damaged_ || context_count_ != 0;
  line_start_ = false;
  mode_ = Mode::between;
  if (brief_) return emit_error(at, Code::invalid_input, {});
  return emit_error(at, Code::invalid_input,
                    fmt::format("{} where a JSON object should begin", byte_at(at)));
}

Framer::Outcome Framer::finish() {
  mode_ = context_count_ == 0 && !damaged_ ? Mode::ended : Mode::stopped;
  if (context_count_ == 0 || damaged_) return Step::end;
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
      if (window_[begin_] == '{') {
        emit_frame(pos_);
        frame_.closed = object_.is_closed;
        return Step::frame;
      }
      mode_ = Mode::between;
      return emit_error(begin_, Code::invalid_input, std::string(kNoObject));
    case Status::member:
      return member();
    case Status::more:
      if (limit == window_.size() && limit != cut_ && !at_end_ &&
          limit - begin_ < limits::kRecordBytes) {
        return Step::more;
      }
      [[fallthrough]];
    default:
      return lacks_lookahead() ? Outcome(Step::more) : broken(status);
  }
}

// --- results ------------------------------------------------------------------------------------

void Framer::worked(std::size_t from) {
  work_ += pos_ - from;
  furthest_ = std::max(furthest_, pos_);
}

Framer::Outcome Framer::emit_frame(std::size_t end) {
  count_lines(begin_);
  const Container container =
      context_count_ == 0 ? Container::none : contexts_[context_count_ - 1].kind;
  frame_ = {begin_, end, line_, base_ + begin_, container, true};
  pos_ = end;
  mode_ = Mode::between;
  line_start_ = in_garbage_ = false;
  return Step::frame;
}

// The line from begin_ to newline_, without the blanks after `end`.
Framer::Outcome Framer::emit_line(std::size_t end) {
  count_lines(begin_);
  frame_ = {begin_, end, line_, base_ + begin_, Container::none, true, false, true};
  pos_ = std::min(newline_ + 1, window_.size());
  counted_ = pos_;
  if (newline_ < pos_) ++line_;
  worked(begin_);
  return Step::frame;
}

Framer::Outcome Framer::emit_error(std::size_t at, Code code, std::string message) {
  count_lines(at);
  frame_ = {at, at, line_, base_ + at, Container::none, true};
  error_ = Error{code, std::move(message)};
  return Step::error;
}

Framer::Outcome Framer::emit_input_error(Code code, std::string message) {
  const Outcome outcome = emit_error(pos_, code, std::move(message));
  frame_.is_record = false;
  return outcome;
}

// Positions come in ascending order.
void Framer::count_lines(std::size_t to) {
  while (counted_ < to) {
    const void* found = std::memchr(window_.data() + counted_, '\n', to - counted_);
    if (found == nullptr) {
      counted_ = to;
    } else {
      counted_ = static_cast<std::size_t>(static_cast<const char*>(found) - window_.data()) + 1;
      ++line_;
    }
  }
}

std::size_t Framer::droppable() {
  const bool keeps_value = mode_ == Mode::record || (mode_ == Mode::skip && begin_ != kNone);
  std::size_t size = keeps_value ? begin_ : pos_;
  for (std::size_t i = 0; i < context_count_; ++i) {
    const Context& context = contexts_[i];
    if (!context.in_object || !is_small(context)) continue;
    size = std::min(size, static_cast<std::size_t>(context.offset - base_));
    break;
  }
  count_lines(size);
  return size;
}

void Framer::drop(std::size_t size) {
  base_ += size;
  const auto shift = [size](std::size_t& position) {
    if (position != kNone) position -= std::min(position, size);
  };
  for (std::size_t* position :
       {&pos_, &begin_, &failed_, &furthest_, &cut_, &next_start_, &newline_, &counted_}) {
    shift(*position);
  }
}

}  // namespace tocsin::event
