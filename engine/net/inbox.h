// Inbox: the bytes of a connection that were received and not used yet. Holds memory only while
// there are some, so that an idle connection costs little.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace tocsin::net {

class Inbox {
 public:
  std::string_view unread() const { return {block_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  // Room for more, to be filled and told to added(); `capacity`: of unread and room together.
  // Invalidates unread().
  std::span<char> room(std::size_t capacity) {
    const std::string_view kept = unread();
    if (capacity > capacity_) {
      auto larger = std::make_unique_for_overwrite<char[]>(capacity);
      if (!kept.empty()) std::memcpy(larger.get(), kept.data(), kept.size());
      block_ = std::move(larger);
      capacity_ = capacity;
    } else if (begin_ != 0 && !kept.empty()) {
      std::memmove(block_.get(), kept.data(), kept.size());
    }
    end_ = kept.size();
    begin_ = 0;
    return {block_.get() + end_, capacity_ - end_};
  }
  void added(std::size_t bytes) { end_ += bytes; }

  void append(std::string_view bytes, std::size_t capacity) {
    const std::span<char> free = room(std::max(capacity, unread().size() + bytes.size()));
    std::memcpy(free.data(), bytes.data(), bytes.size());
    added(bytes.size());
  }

  // Gives the memory back when nothing is unread.
  void release() {
    if (begin_ != end_) return;
    block_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace tocsin::net
