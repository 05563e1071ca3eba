// Marks: what is remembered of a text that was read up to some place, to know it again in another
// file (renamed, copied, compressed, replaced by a longer version) and to notice that a file holds
// another text by now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::source {

struct Marks {
  static constexpr std::size_t kRungs[] = {64, 256, 1024};
  static constexpr std::size_t kTailBytes = 1024;

  std::uint64_t size = 0;                       // of the text that was read
  std::uint64_t heads[std::size(kRungs)] = {};  // hashes of its first min(size, rung) bytes
  std::uint64_t tail = 0;                       // hash of its last min(size, kTailBytes) bytes

  bool operator==(const Marks&) const = default;
};

// The first bytes of a text that may go on, to be compared with many marks.
class Head {
 public:
  // `text`: all there is, or more than the last of Marks::kRungs.
  explicit Head(std::string_view text);

  struct Verdict {
    bool differs = false;    // it is not the beginning of what the marks remember
    std::size_t agreed = 0;  // bytes that are the same for certain
  };
  Verdict compare(const Marks& marks) const;

 private:
  std::string text_;
  std::uint64_t hashes_[std::size(Marks::kRungs)] = {};
};

// Makes the marks of a text that passes by.
class Marker {
 public:
  Marker() = default;
  // Of a text of `size` bytes whose first and last kTailBytes (or all) these are.
  Marker(std::string_view head, std::string_view tail, std::uint64_t size);

  void feed(std::string_view text);
  std::uint64_t size() const { return size_; }
  Marks marks() const;

 private:
  std::string head_, tail_;
  std::uint64_t size_ = 0;
};

}  // namespace tocsin::source
