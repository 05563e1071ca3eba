// StructuralIndex: where the tokens of a JSON text begin. The output of simdjson's first stage (its
// internal interface; pinned by Debian's simdjson 3.0), which chooses the best code for the CPU at
// run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace tocsin::event {

class StructuralIndex {
 public:
  // After the last token, the index goes on for so many entries, which all lie at the text's end:
  // a reader that checks what it reads against the grammar needs no other bound.
  static constexpr std::size_t kSentinels = 128;

  enum class Outcome : std::uint8_t {
    ok,
    bad_bytes,  // ill-formed UTF-8, or a control byte inside a string
    bad_json,   // a string does not end, or there is no token at all
    no_memory,
  };

  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(StructuralIndex&&) noexcept;
  StructuralIndex& operator=(StructuralIndex&&) noexcept;

  // Replaces the index. Precondition: kPadding bytes after the end of `text` are readable.
  Outcome build(std::string_view text);

  // Ascending offsets of all of { } [ ] : , outside strings, of opening quotes and of the first
  // byte of every other scalar; size() of them, then the sentinels.
  const std::uint32_t* positions() const { return positions_; }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  std::size_t capacity_ = 0;
  const std::uint32_t* positions_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tocsin::event
