// Joined: pieces of text in a place that has a limit.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "slack_text.h"

namespace tocsin::notifiers::slack {

// Adds pieces while they fit; says how many did not.
class Joined {
 public:
  Joined(std::string head, std::string_view separator, std::size_t limit)
      : out_(std::move(head)), separator_(separator), limit_(limit) {}

  void add(std::string_view piece) {
    if (piece.empty()) return;
    const std::size_t size = length(out_) + separator_.size() + length(piece);
    if (left_out_ > 0 || size + kReserve > limit_) {
      ++left_out_;
      return;
    }
    if (count_++ > 0) out_ += separator_;
    out_ += piece;
  }
  std::string take() && {
    if (left_out_ > 0) {
      out_ += fmt::format("{}… and {} more", count_ > 0 ? separator_ : "", left_out_);
    }
    return count_ + left_out_ == 0 ? std::string() : std::move(out_);
  }

 private:
  static constexpr std::size_t kReserve = 40;  // for "… and N more"
  std::string out_;
  const std::string_view separator_;
  const std::size_t limit_;
  std::size_t count_ = 0, left_out_ = 0;
};

}  // namespace tocsin::notifiers::slack
