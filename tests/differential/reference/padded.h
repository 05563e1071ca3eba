// A text with the readable bytes behind it that an EventReader asks for.
#pragma once

#include <string>
#include <string_view>

#include "event/batch.h"

namespace tocsin::reference {

class Padded {
 public:
  explicit Padded(std::string_view text) : bytes_(text), size_(text.size()) {
    bytes_.append(event::kPadding, '\0');
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

}  // namespace tocsin::reference
