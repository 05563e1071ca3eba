// Glob: matching. A glob is a row of segments between `*`. The first and the last may be anchored;
// the others are found from left to right, each as early as it can be: a later match leaves less
// text for the segments that follow.
//
// A segment with `?` is searched for by the Shift-And algorithm (Baeza-Yates and Gonnet, "A New
// Approach to Text Searching", 1992): one bit for each of its bytes, set while the text ends with
// what stands before. `?` is the first byte of a character, and stays for its further bytes.
#include <array>
#include <cstring>

#include "program/pattern.h"

namespace tocsin::program {
namespace {

// Units (work.h), measured with what makes each slowest.
constexpr std::uint64_t kCallUnits = 16;       // a glob or a segment
constexpr std::uint64_t kBytesPerUnit = 8;     // of a search that finds nothing that looks like it
constexpr std::uint64_t kNearMissUnits = 4;    // a place that begins as the segment does
constexpr std::uint64_t kTwoWayUnits = 5;      // a byte, when memmem() meets many near misses
constexpr std::uint64_t kShiftUnits = 2;       // a byte
constexpr std::uint64_t kTableUnits = 64;      // a table of bits
constexpr std::size_t kLongLiteral = 64;       // comparing less costs as much as finding the place
constexpr std::size_t kManyNearMisses = 1024;  // a long literal is better left to memmem() then
constexpr std::size_t kShortText = 32;         // not worth a table

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Behind the character at text[pos].
std::size_t next_character(std::string_view text, std::size_t pos) {
  ++pos;
  while (pos < text.size() && continues_character(text[pos])) ++pos;
  return pos;
}

}  // namespace

// A row of at most 64 bytes and `?` as Shift-And wants it.
class Glob::Bits {
 public:
  explicit Bits(std::string_view row) : last_(std::uint64_t{1} << (row.size() - 1)) {
    std::uint64_t bit = 1;
    bool after_any = true;  // no character begins with a byte that continues one
    for (const char c : row) {
      if (c == kAnyChar) {
        any_ |= bit;
      } else if (!after_any || !continues_character(c)) {
        begins_[static_cast<unsigned char>(c)] |= bit;
      }
      after_any = c == kAnyChar;
      bit <<= 1;
    }
  }

  // Goes on from text[at] with `state`, 0 at first, to behind the next byte with which the row
  // ends: the first of a character when the row ends with `?`.
  bool find(std::string_view text, std::size_t& at, std::uint64_t& state) const {
    while (at < text.size()) {
      const char c = text[at++];
      const std::uint64_t next = (state << 1 | 1) & begins_[static_cast<unsigned char>(c)];
      if (continues_character(c)) {
        state = next | (state & any_);
        if ((next & last_) != 0) return true;
        continue;
      }
      state = next | ((state << 1 | 1) & any_);
      if ((state & last_) != 0) return true;
    }
    return false;
  }

 private:
  std::uint64_t last_;
  std::uint64_t any_ = 0;                    // `?`
  std::array<std::uint64_t, 256> begins_{};  // by byte: where it stands
};

// One text and what was spent on it.
class Glob::Search {
 public:
  Search(std::string_view text, Work& work) : text_(text), work_(work) {}

  // find() said no because the budget ended.
  bool ran_out() const { return ran_out_; }

  // Matches `segment` at `pos` and moves `pos` behind it.
  bool match_at(const Segment& segment, std::size_t& pos) const {
    if (segment.plain) {
      if (text_.compare(pos, segment.text.size(), segment.text) != 0) return false;
      pos += segment.text.size();
      return true;
    }
    return match_at(std::string_view(segment.text), pos);
  }
  bool match_at(std::string_view segment, std::size_t& pos) const {
    std::size_t at = pos;
    for (const char c : segment) {
      if (at >= text_.size()) return false;
      if (c != kAnyChar) {
        if (text_[at++] != c) return false;
      } else if (continues_character(text_[at])) {
        return false;
      } else {
        at = next_character(text_, at);
      }
    }
    pos = at;
    return true;
  }

  // True when `segment` matches exactly up to the end, starting at or after `from`. From right to
  // left there is one place where it can start.
  bool match_end(const Segment& segment, std::size_t from) const {
    if (segment.plain) {
      return text_.size() - from >= segment.text.size() && text_.ends_with(segment.text);
    }
    std::size_t at = text_.size();
    for (auto c = segment.text.rbegin(); c != segment.text.rend(); ++c) {
      if (at == from) return false;
      --at;
      if (*c == kAnyChar) {
        while (at > from && continues_character(text_[at])) --at;
        if (continues_character(text_[at])) return false;
      } else if (text_[at] != *c) {
        return false;
      }
    }
    return true;
  }

  // Finds the leftmost match at or after `pos` and moves `pos` behind it.
  bool find(const Segment& segment, std::size_t& pos) {
    const std::size_t left = text_.size() - pos;
    if (left < segment.text.size()) return false;
    work_.charge(kCallUnits + left / kBytesPerUnit);
    if (segment.plain) return find_plain(segment.text, pos);
    return left <= kShortText ? find_by_trying(segment, pos) : find_by_bits(segment, pos);
  }

 private:
  bool find_plain(std::string_view literal, std::size_t& pos) const {
    std::size_t near_misses = 0;
    const char* const end = text_.data() + text_.size();
    const char* at = text_.data() + pos;
    while (static_cast<std::size_t>(end - at) >= literal.size()) {
      const std::size_t starts = static_cast<std::size_t>(end - at) - literal.size() + 1;
      at = static_cast<const char*>(std::memchr(at, literal.front(), starts));
      if (at == nullptr) break;
      if (std::memcmp(at, literal.data(), literal.size()) == 0) {
        work_.charge(near_misses * kNearMissUnits);
        pos = static_cast<std::size_t>(at - text_.data()) + literal.size();
        return true;
      }
      ++at;
      if (++near_misses == kManyNearMisses && literal.size() > kLongLiteral) {
        work_.charge(near_misses * (kNearMissUnits + literal.size() / kBytesPerUnit));
        return find_long(literal, at, pos);
      }
    }
    work_.charge(near_misses * (kNearMissUnits + literal.size() / (4 * kBytesPerUnit)));
    return false;
  }

  // memmem() is linear whatever the texts, but slower where nothing is like the literal.
  bool find_long(std::string_view literal, const char* from, std::size_t& pos) const {
    const auto left = static_cast<std::size_t>(text_.data() + text_.size() - from);
    work_.charge(left * kTwoWayUnits);
    const void* const found = memmem(from, left, literal.data(), literal.size());
    if (found == nullptr) return false;
    pos = static_cast<std::size_t>(static_cast<const char*>(found) - text_.data()) + literal.size();
    return true;
  }

  bool find_by_trying(const Segment& segment, std::size_t& pos) const {
    work_.charge((text_.size() - pos) * kNearMissUnits);
    for (std::size_t start = pos; start < text_.size(); start = next_character(text_, start)) {
      std::size_t end = start;
      if (!match_at(segment, end)) continue;
      pos = end;
      return true;
    }
    return false;
  }

  // The first 64 bytes of the segment by Shift-And; the others are compared where these stand.
  bool find_by_bits(const Segment& segment, std::size_t& pos) {
    const std::string_view head = std::string_view(segment.text).substr(0, 64);
    const std::string_view tail = std::string_view(segment.text).substr(head.size());
    const Bits bits(head);
    work_.charge(kTableUnits + head.size());
    const std::size_t from = pos;
    std::size_t at = from;
    bool found = false;
    for (std::uint64_t state = 0; !found && bits.find(text_, at, state);) {
      std::size_t end = head.back() == kAnyChar ? next_character(text_, at - 1) : at;
      ran_out_ = !tail.empty() && !work_.spend(kCallUnits + tail.size());
      if (ran_out_) break;
      found = match_at(tail, end);
      if (found) pos = end;
    }
    work_.charge(kShiftUnits * (at - from));
    return found;
  }

  const std::string_view text_;
  Work& work_;
  bool ran_out_ = false;
};

Truth Glob::matches(std::string_view text, Work& work) const {
  if (!work.spend(kCallUnits)) return Truth::unknown;
  const auto truth = [](bool matches) { return matches ? Truth::yes : Truth::no; };
  if (segments_.empty()) return truth(open_start_ || text.empty());
  Search search(text, work);
  std::size_t pos = 0;
  std::size_t first = 0;
  std::size_t last = segments_.size();
  if (!open_start_) {
    if (!search.match_at(segments_[0], pos)) return Truth::no;
    if (last == 1) return truth(open_end_ || pos == text.size());
    first = 1;
  }
  if (!open_end_) --last;
  for (std::size_t i = first; i < last; ++i) {
    if (!search.find(segments_[i], pos)) return search.ran_out() ? Truth::unknown : Truth::no;
  }
  return truth(open_end_ || search.match_end(segments_.back(), pos));
}

}  // namespace tocsin::program
