// TextBuffer: text that grows at its end. Unlike a std::string it gives room without filling it
// first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace tocsin {

class TextBuffer {
 public:
  // Room for `size` bytes behind the text, valid until the next call.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return bytes_.get() + size_;
  }
  // What was written into the room, up to `end`, is text now.
  void extend_to(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  // Forgets what comes after `size` bytes.
  void cut(std::size_t size) { size_ = std::min(size_, size); }

  void append(std::string_view text) {
    char* const out = room(text.size() + 1);  // never null, for memcpy
    std::memcpy(out, text.data(), text.size());
    size_ += text.size();
  }

  std::string_view text() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void swap(TextBuffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  // Forgets the text. Memory beyond `kept` bytes, which only freak text needs, is returned.
  void clear(std::size_t kept) {
    size_ = 0;
    if (capacity_ <= kept) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  void grow(std::size_t size) {
    const std::size_t capacity = std::max({size_ + size, 2 * capacity_, std::size_t{4096}});
    std::unique_ptr<char[]> bytes(new char[capacity]);
    if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tocsin
