#include "correlate/value_form.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ip.h"

namespace tocsin::correlate {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_word(char c) {
  return is_digit(c) || is_letter(c);
}

bool joins(char c) {
  return c == '.' || c == '_' || c == '+' || c == '-' || c == '~';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A UUID begins at `at` and nothing is joined to its end.
bool is_uuid(std::string_view text, std::size_t at) {
  constexpr std::size_t kUuid = 36;
  if (text.size() - at < kUuid) return false;
  if (text.size() - at > kUuid && is_word(text[at + kUuid])) return false;
  for (std::size_t i = 0; i < kUuid; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[at + i] != '-' : !is_hex(text[at + i])) return false;
  }
  return true;
}

constexpr std::array<std::string_view, 4> kOfOneCall = {"command/", "md/command#", "api/", "m/"};

// Reads over a text, one part at a time, and copies what stays.
class Copier {
 public:
  Copier(std::string_view text, std::string& out) : text_(text), out_(out) {}

  void run() {
    while (at_ < text_.size()) {
      if (at_ == 0 || text_[at_ - 1] == ' ') skip_one_call();
      if (at_ < text_.size()) part();
    }
  }

 private:
  void skip_one_call() {
    const std::string_view rest = text_.substr(at_);
    const bool is_one = std::any_of(kOfOneCall.begin(), kOfOneCall.end(),
                                    [&](std::string_view word) { return rest.starts_with(word); });
    if (is_one) at_ += std::min(rest.find(' '), rest.size());
  }

  // A word, a version, or one other character. No letter or digit stands before it.
  void part() {
    if (!is_word(text_[at_])) {
      out_ += text_[at_++];
    } else if (is_uuid(text_, at_)) {
      at_ += 36;
    } else if (is_digit(text_[at_])) {
      skip_version();
    } else {
      word();
    }
  }

  void word() {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    std::size_t digits = end;
    while (is_digit(text_[digits - 1])) --digits;  // it begins with a letter
    const bool versioned =
        digits < end && end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1]);
    out_ += text_.substr(at_, (versioned ? digits : end) - at_);
    at_ = versioned ? digits : end;
    if (versioned) skip_version();
  }

  void skip_version() {
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    while (at_ < text_.size() && joins(text_[at_])) {
      std::size_t end = at_ + 1;
      bool has_digit = false;
      for (; end < text_.size() && is_word(text_[end]); ++end) {
        has_digit = has_digit || is_digit(text_[end]);
      }
      if (!has_digit) return;
      at_ = end;
    }
  }

  const std::string_view text_;
  std::string& out_;
  std::size_t at_ = 0;
};

std::string_view without_versions(std::string_view text, std::string& scratch) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  scratch.clear();
  Copier(text, scratch).run();
  while (!scratch.empty() && scratch.back() == ' ') scratch.pop_back();
  return scratch;
}

constexpr unsigned kMappedBits = 96;

bool is_ipv4(const IpPrefix& address) {
  constexpr std::array<std::uint8_t, kMappedBits / 8> kMapped = {0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
}

std::string_view network_of(std::string_view text, const ValueForm& form, std::string& scratch) {
  std::optional<IpPrefix> address = parse_ip(text);
  if (!address) return text;
  const unsigned length = is_ipv4(*address) ? kMappedBits + form.ipv4 : form.ipv6;
  for (unsigned bit = length; bit < 128; ++bit) {
    std::uint8_t& byte = address->bytes[bit / 8];
    byte = static_cast<std::uint8_t>(byte & ~(0x80u >> bit % 8));
  }
  address->length = static_cast<std::uint8_t>(length);
  scratch = to_string(*address);
  return scratch;
}

}  // namespace

ValueForm form_of(const sigma::Correlation& document, std::size_t index) {
  const std::string& field = document.fields[index];
  const auto& versions = document.ignore_versions;
  for (const sigma::Correlation::Network& network : document.networks) {
    if (network.field != field) continue;
    return {ValueForm::Kind::network, static_cast<std::uint8_t>(std::min(network.ipv4, 32u)),
            static_cast<std::uint8_t>(std::min(network.ipv6, 128u))};
  }
  if (std::find(versions.begin(), versions.end(), field) != versions.end()) {
    return {ValueForm::Kind::without_versions};
  }
  return {};
}

std::string_view canonical_value(const ValueForm& form, std::string_view value,
                                 std::string& scratch) {
  switch (form.kind) {
    case ValueForm::Kind::without_versions:
      return without_versions(value, scratch);
    case ValueForm::Kind::network:
      return network_of(value, form, scratch);
    case ValueForm::Kind::as_is:
      break;
  }
  return value;
}

}  // namespace tocsin::correlate
