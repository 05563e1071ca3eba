// Secret: text that must not be seen. It cannot be printed or formatted by accident; who needs it
// asks for it by name. Its memory is overwritten when it goes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept { *this = std::move(other); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  // Only for the place that sends it or compares it.
  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  // Whether the texts are the same; not for untrusted input (net/auth.h compares in constant time).
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void wipe() noexcept {
    volatile char* byte = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) byte[i] = '\0';
    text_.clear();
  }

  std::string text_;
};

}  // namespace tocsin
