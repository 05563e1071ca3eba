// The framer after a contradiction: where does reading go on?
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "event/framer.h"
#include "event/json_text.h"

namespace tocsin::event {
namespace {

using Status = JsonScanner::Status;

// A decision about a position may look this far beyond it.
constexpr std::size_t kLookahead = 128;
// Work that is always allowed.
constexpr std::uint64_t kFreeWork = std::uint64_t{64} << 10;

}  // namespace

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
                       : fmt::format("at byte {} of the record, {} line{} down", pos_ - begin_ + 1,
                                     breaks, breaks == 1 ? "" : "s");
  };
  std::string message;
  Code code = Code::invalid_input;
  const bool too_large = status == Status::more && pos_ - begin_ >= limits::kRecordBytes;
  if (brief_) {
    if (too_large || status == Status::too_deep) code = Code::limit;
  } else if (too_large) {
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
    message = fmt::format("unexpected {} {}", byte_at(pos_), where());
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
    return std::nullopt;
  }
  if (status == Brackets::more && !whole && limit == window_.size()) return Step::more;
  if (lacks_lookahead()) return Step::more;
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
  return std::nullopt;
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
        return Step::more;
      }
      if (pos_ + 1 < window_.size() && window_[pos_ + 1] == '"') break;
    }
    line_start_ = false;
    previous_ = c;
  }
  worked(from);
  if (pos_ == window_.size() && !at_end_) return Step::more;
  if (line_start_) indent_ = column_;
  mode_ = Mode::between;
  return std::nullopt;
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

// Where the attempt that begins at begin_ must end for the work to stay linear, or kNone.
std::size_t Framer::work_limit() {
  const std::uint64_t allowed = kWorkFactor * (base_ + furthest_) + kFreeWork;
  if (begin_ >= furthest_ || work_ <= allowed) return kNone;
  if (work_ <= 2 * allowed) return find_start(begin_ + 1, {.same_key_from = 0}, furthest_ - 1);
  if (next_start_ <= begin_) {  // attempts begin in ascending order, so each byte is searched once
    next_start_ = std::min(find_start(begin_ + 1, {.any_key_from = 0}, furthest_ - 1), furthest_);
  }
  return next_start_ < window_.size() && is_start(next_start_, {.any_key_from = 0}) ? next_start_
                                                                                    : kNone;
}

// For messages.
std::string Framer::byte_at(std::size_t at) const {
  const auto byte = static_cast<unsigned char>(window_[at]);
  if (byte > ' ' && byte < 0x7f) return fmt::format("'{}'", window_[at]);
  return fmt::format("byte 0x{:02x}", byte);
}

}  // namespace tocsin::event
