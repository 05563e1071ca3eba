#include "source/text_marks.h"

#include <algorithm>

#include "base/hash.h"

namespace tocsin::source {
namespace {

constexpr std::size_t kHeadBytes = 1024;
static_assert(kHeadBytes == Marks::kRungs[std::size(Marks::kRungs) - 1]);

std::uint64_t hash(std::string_view text) {
  return Fnv64().add_field(text).value();
}

}  // namespace

Head::Head(std::string_view text) : text_(text.substr(0, kHeadBytes)) {
  for (std::size_t i = 0; i < std::size(Marks::kRungs); ++i) {
    hashes_[i] = hash(std::string_view(text_).substr(0, Marks::kRungs[i]));
  }
}

Head::Verdict Head::compare(const Marks& marks) const {
  Verdict verdict;
  for (std::size_t i = 0; i < std::size(Marks::kRungs); ++i) {
    const bool whole = marks.size < Marks::kRungs[i];  // the marks know no more
    const std::size_t size = whole ? static_cast<std::size_t>(marks.size) : Marks::kRungs[i];
    if (size > text_.size()) break;
    const std::uint64_t mine = whole ? hash(std::string_view(text_).substr(0, size)) : hashes_[i];
    if (mine != marks.heads[i]) return {true, verdict.agreed};
    verdict.agreed = size;
    if (whole) break;
  }
  return verdict;
}

Marker::Marker(std::string_view head, std::string_view tail, std::uint64_t size)
    : head_(head.substr(0, kHeadBytes)), tail_(tail), size_(size) {}

void Marker::feed(std::string_view text) {
  size_ += text.size();
  head_ += text.substr(0, kHeadBytes - head_.size());
  if (text.size() >= Marks::kTailBytes) {
    tail_ = text.substr(text.size() - Marks::kTailBytes);
  } else {
    tail_ += text;
    if (tail_.size() > Marks::kTailBytes) tail_.erase(0, tail_.size() - Marks::kTailBytes);
  }
}

Marks Marker::marks() const {
  Marks marks;
  marks.size = size_;
  for (std::size_t i = 0; i < std::size(Marks::kRungs); ++i) {
    marks.heads[i] = hash(std::string_view(head_).substr(0, Marks::kRungs[i]));
  }
  marks.tail = hash(tail_);
  return marks;
}

}  // namespace tocsin::source
