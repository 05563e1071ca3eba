// JsonScanner and BracketScanner: where does this JSON value end? Both are resumable at any byte
// and keep a few words of state, whatever the text is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin::event {

// Checks one value against the grammar of RFC 8259 and stops at its end or at the first byte that
// contradicts it. Meaning is not its business: numbers of any size, lone surrogates, ill-formed
// UTF-8 and control bytes in strings pass, except a line break, which no writer leaves in a string.
class JsonScanner {
 public:
  enum class Status : std::uint8_t {
    more,        // all of the text was read; the value goes on
    complete,    // the value ended just before `pos`
    member,      // `pos` is at the value of a member of the outermost object, key() is its key;
                 // scanning goes on after pass_member()
    line_break,  // a raw line break in a string at `pos`
    too_deep,    // the bracket at `pos` exceeds limits::kRecordDepth
    unexpected,  // any other contradiction at `pos`
  };

  // Prepares for a value.
  void start();
  // Prepares for the rest of an object of which a member has just ended.
  void start_after_member();

  // Reads text from `pos` on and moves `pos`. A contradiction is not read over.
  Status scan(std::string_view text, std::size_t& pos);
  // The same without a stop at members.
  Status scan_through(std::string_view text, std::size_t& pos);

  // After Status::member: the key, unescaped; "" when it is spelled with more than kKeyBytes bytes,
  // or with half a surrogate pair. Valid until scan() is called.
  std::string_view key();
  void pass_member() { passed_ = true; }

  bool in_string() const { return state_ >= State::string && state_ <= State::hex; }
  std::size_t depth() const { return depth_; }
  // Bit i is set when the bracket at depth i + 1 is '{'.
  std::uint64_t objects() const { return objects_; }

 private:
  enum class State : std::uint8_t {
    value,
    first_element,
    first_key,
    key,
    colon,
    after_value,
    string,
    escape,
    hex,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    literal,
  };

  static constexpr std::size_t kKeyBytes = 128;

  bool inside_object() const { return (objects_ >> (depth_ - 1) & 1) != 0; }
  bool open(bool object);
  Status end_value();
  Status begin_value(char c);
  Status structure(char c);
  Status string_part(std::string_view text, std::size_t& pos);
  Status string_byte(char c);
  void keep_key(std::string_view part);
  bool number_byte(char c);

  std::uint64_t objects_ = 0;
  std::size_t depth_ = 0;
  std::string_view literal_;  // what is left of true, false or null
  State state_ = State::value;
  std::uint8_t hex_left_ = 0;
  bool string_is_key_ = false;
  bool passed_ = false;                // pass_member() was called for the member at hand
  std::array<char, kKeyBytes> key_{};  // of the outermost object's member at hand, as it is spelled
  std::size_t key_size_ = 0;           // in the text; may exceed kKeyBytes
};

// Follows brackets and strings only, from the middle of a value that broke the grammar to the place
// where its brackets balance. Gives up where that would be guessing.
class BracketScanner {
 public:
  enum class Status : std::uint8_t {
    more,
    balanced,    // the value ended just before `pos`
    line_start,  // at `pos` a line begins that looks like a record of its own
    lost,        // brackets do not match, or a string opens where none can: quotes are shifted
  };

  // Goes on where `scanner` stopped. A line that begins with '{' or '[' in a column (from 0) up
  // to `indent`, or with `{"` in any column, is a line_start.
  void start(const JsonScanner& scanner, std::size_t indent);

  // Reads text from `pos` on and moves `pos`. `at_end`: no text follows.
  Status scan(std::string_view text, std::size_t& pos, bool at_end);

  // After line_start: the column of `pos`.
  std::size_t column() const { return column_; }

 private:
  bool close(bool object);

  static constexpr std::size_t kNotBlank = ~std::size_t{0};

  std::uint64_t objects_ = 0;
  std::size_t depth_ = 0;
  std::size_t indent_ = 0;
  std::size_t column_ = kNotBlank;  // blanks since the last line break, while there is nothing else
  char previous_ = 0;               // last byte outside strings that is not blank; 0 at the start
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace tocsin::event
