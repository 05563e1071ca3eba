// A walk over the members of an object in raw text. Nothing is parsed or checked; on text that is
// not JSON the walk ends early, inside the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tocsin::event {

// Position of the quote that ends the string whose inside begins at `pos`, or npos.
std::size_t string_end(std::string_view text, std::size_t pos);

// Position just after the value that begins at `pos`; text.size() when it does not end.
std::size_t value_end(std::string_view text, std::size_t pos);

// Whether `text` begins with a JSON string that says `wanted`, however it is escaped. Looks at no
// more than 6 * wanted.size() + 2 bytes.
bool begins_with_string(std::string_view text, std::string_view wanted);

struct Member {
  std::string_view key;    // as spelled, without quotes
  std::string_view value;  // as spelled, without surrounding blanks
};

class Members {
 public:
  // The members of the object with which `json` begins.
  explicit Members(std::string_view json) : json_(json), pos_(json.empty() ? 0 : 1) {}
  std::optional<Member> next();

 private:
  std::size_t skip_blanks();

  std::string_view json_;
  std::size_t pos_;
};

}  // namespace tocsin::event
