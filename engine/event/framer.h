// Framer: cuts a stream of text into JSON objects ("frames") in constant memory.
//
// The stream may hold JSON lines, pretty-printed or concatenated objects, arrays of objects, and
// containers: objects with an array under Records, records or logEvents. The elements of arrays and
// containers are the frames. Commas between frames may stand anywhere.
//
// Containers:
// - A container is known by the key, however it is escaped, and by the '[' after it. Keys may occur
//   again and beside each other: each array is read. Any other value under such a key is a value
//   like any other.
// - An element that is no object is reported, wherever it stands. An array among the elements of a
//   container is reported too, and its own elements are read as the container's are.
// - The object itself is a frame too, after its elements (Frame::opened), when it has a member that
//   no transport puts beside its records: it may be an event that has records of its own. One
//   larger than kContainerEventBytes is reported instead. Until then its text is kept, as such a
//   member may come last.
// - Within kContexts arrays in one another, a container is not opened: it is a frame for another
//   Framer (Frame::closed), and an array is reported as one bad record.
//
// A bad record hides no other. A record is checked against the grammar (json_scanner.h); where it
// breaks, it is reported once, and reading goes on
//   1. at the end of its brackets, when these can still be followed; otherwise
//   2. at the first place after its beginning where a record plausibly starts: a line that begins
//      with '{' no further right than the broken record's line, a line that begins with `{"`, or an
//      element `{"` whose first key is the broken record's first key, or, beyond the contradiction,
//      any element `{"`.
// Work is linear. A place of kind 2 lies in text that was read before, so text can be read again.
// Once kWorkFactor bytes have been read per byte of input, an attempt in such text ends at the next
// plausible start with the same first key; once twice as many have, at the next plausible start of
// any kind, and the next attempt begins there: each byte is then looked for starts once and read
// once more. Results do not depend on how the text is cut into windows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/element_index.h"
#include "event/json_scanner.h"

namespace tocsin::event {

// What a frame is an element of. Plain arrays do not count.
enum class Container : std::uint8_t {
  none,
  records,     // "Records": CloudTrail log files, S3 notifications
  firehose,    // "records": Firehose requests
  log_events,  // "logEvents" of a CloudWatch Logs message
  control,     // "logEvents" of a CloudWatch Logs control message
};

class Framer {
 public:
  enum class Step : std::uint8_t {
    more,   // call again with a longer window
    frame,  // begin, end and the rest of the frame are set
    error,  // error() and the frame's line and offset are set
    end,    // at_end and nothing is left
  };

  struct Frame {
    std::size_t begin = 0;  // in the window
    std::size_t end = 0;
    std::uint64_t line = 1;
    std::uint64_t offset = 0;
    Container container = Container::none;
    bool is_record = true;  // false: an error about the input, not about one record
    bool checked = true;    // false: only where it begins and ends is known (Trust::unchecked)
    bool is_line = false;   // unchecked: a line, not an element
    bool opened = false;    // a container whose elements have been frames already
    bool closed = false;    // a container whose elements are still to be read: nested too deep
  };

  // What is done with text that can be read on its own whatever is in it: a line from '{' to '}'
  // that the next line's '{' or the end of the input follows, as no legal JSON text goes on there,
  // and an element of an array or log file whose brackets balance.
  enum class Trust : std::uint8_t {
    checked,    // it is a frame when it is one object, in the grammar's sense
    unchecked,  // it is a frame as it stands; whoever reads it finds out what is in it
  };

  static constexpr std::uint64_t kWorkFactor = 4;
  // An event that holds an array of records of its own: as large as CloudTrail's events get. So
  // much of every container is kept while it is read.
  static constexpr std::size_t kContainerEventBytes = std::size_t{256} << 10;

  // `line` and `offset` are those of the stream's first byte.
  explicit Framer(Trust trust = Trust::checked, std::uint64_t line = 1, std::uint64_t offset = 0)
      : trust_(trust), base_(offset), line_(line) {}

  // Before the first next(): the stream does not begin where a line does.
  void begin_in_line() { line_start_ = false; }

  // Precondition of Trust::unchecked: kPadding bytes after the window are readable.
  // Looks at `window`: what followed the dropped text, at least as long as at the last call.
  // `at_end`: no text follows the window.
  Step next(std::string_view window, bool at_end);

  // Whether to ask for more text only because it makes frames cheaper to find. A reader whose next
  // text may be long in coming says no before it waits.
  void set_patient(bool patient) { patient_ = patient; }
  bool is_patient() const { return patient_; }

  // Whether errors about records need not say what is wrong: for a reader that only counts them. To
  // word a million of them takes longer than to find them.
  void set_brief(bool brief) { brief_ = brief; }

  const Frame& frame() const { return frame_; }
  const Error& error() const { return error_; }

  // A place where the text can be cut in two that are read apart: the text before `at` and close(),
  // and open() and the text from `at` on, hold what the whole text holds.
  struct Seam {
    std::size_t at = 0;  // in the window
    std::array<Container, 8> contexts{};
    std::size_t context_count = 0;

    std::string open() const;
    std::string close() const;
  };
  // The one behind what was returned last, if there is one that can be seen already.
  std::optional<Seam> seam() const;

  // The window's first `droppable()` bytes are not needed any more (frames aside). Ask before the
  // window is changed; drop() when so many bytes, or fewer, have been removed from its front.
  std::size_t droppable();
  void drop(std::size_t size);

  // Bytes looked at so far, repeated looks included.
  std::uint64_t scanned() const { return work_; }

 private:
  enum class Mode : std::uint8_t {
    between,  // between frames
    record,   // in a value that began at begin_
    tail,     // in the members after an array of the container on top
    skip,     // in the rest of a bad record, its brackets being followed; begin_ may be kNone
    seek,     // looking for the next plausible start
    ended,    // the text has ended, not inside anything
    stopped,  // nothing follows
  };
  using Outcome = std::optional<Step>;  // nothing: go on in the (new) mode

  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr std::size_t kContexts = 8;

  // An open array whose elements are frames, and the object that it is a member of.
  struct Context {
    Container kind = Container::none;  // of the elements
    bool in_object = false;            // false: an array in an array, or by itself
    bool is_event = false;             // the object has a member that no transport writes
    bool is_closed = false;            // and an array of records that was not entered
    bool says_control = false;         // and of what it says of messageType
    bool says_other = false;
    std::uint64_t offset = 0;  // of the object
    std::uint64_t line = 1;
  };

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  // From where on an element `{"` that does not begin a line counts as a plausible start.
  struct Elements {
    std::size_t same_key_from = 0;
    std::size_t any_key_from = kNone;
  };

  Outcome step();
  Outcome between();
  Outcome record();
  Outcome tail();
  Outcome skip();
  Outcome seek();

  Outcome line();
  bool find_line_end();
  Outcome emit_line(std::size_t end);
  Outcome element();
  Outcome begin_value();
  std::size_t work_limit();
  Outcome open_array();
  void close_array();
  Outcome member();
  void enter_container(std::string_view key);
  Outcome close_object();
  bool is_small(const Context& object) const;
  Outcome garbage();
  Outcome byte_order_mark();
  Outcome finish();

  Outcome broken(JsonScanner::Status status);
  void restart(std::size_t at);
  std::size_t find_start(std::size_t from, Elements elements, std::size_t to);
  bool is_start(std::size_t at, Elements elements) const;
  std::string_view first_key(std::size_t at) const;
  std::size_t before_last_string(std::size_t at) const;
  bool lacks_lookahead() const;
  void worked(std::size_t from);

  Outcome emit_frame(std::size_t end);
  Outcome emit_error(std::size_t at, Code code, std::string message);
  Outcome emit_input_error(Code code, std::string message);
  void count_lines(std::size_t to);
  std::string byte_at(std::size_t at) const;

  Trust trust_;
  std::string_view window_;
  bool at_end_ = false;
  bool patient_ = true;
  bool brief_ = false;

  // Positions are indexes into the window; offsets are base_ + index.
  std::uint64_t base_;
  std::size_t pos_ = 0;         // next byte to read
  std::size_t begin_ = 0;       // record, skip: where the value began
  std::size_t failed_ = 0;      // skip: where its grammar broke
  std::size_t furthest_ = 0;    // end of the text that was read
  std::size_t cut_ = kNone;     // record: end of the attempt, from the work limit
  std::size_t next_start_ = 0;  // next plausible start of any key; stale when not beyond begin_
  std::size_t newline_ = 0;     // no line break in [line start, newline_)
  std::size_t counted_ = 0;     // line_ is the line of this position
  std::uint64_t line_;
  std::size_t indent_ = 0;   // blanks at the beginning of the current line
  bool line_start_ = true;   // only blanks since the line break before pos_
  std::size_t column_ = 0;   // seek: blanks so far, while line_start_
  char previous_ = 0;        // seek: last byte that is not blank
  bool in_garbage_ = false;  // garbage was reported and no frame or line break came since
  bool damaged_ = false;     // brackets around here cannot be trusted
  Mode mode_ = Mode::between;

  Context contexts_[kContexts] = {};  // open arrays and containers, outermost first
  std::size_t context_count_ = 0;
  Context object_;  // record: the object at begin_, should it turn out to be a container

  ElementIndex elements_;
  JsonScanner scanner_;
  BracketScanner brackets_;
  std::uint64_t work_ = 0;
  Frame frame_;
  Error error_;
};

}  // namespace tocsin::event
