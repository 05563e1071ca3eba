#include "source/firehose.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "event/json_scanner.h"
#include "event/json_text.h"
#include "event/raw_json.h"

namespace tocsin::source {
namespace {

constexpr std::array<std::uint8_t, 256> kForeign = [] {
  std::array<std::uint8_t, 256> foreign{};
  foreign.fill(1);
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789+/")) {
    foreign[static_cast<unsigned char>(c)] = 0;
  }
  return foreign;
}();

// Of the inside of a JSON string. JSON may spell the slash "\/".
bool is_base64(std::string_view text) {
  const std::size_t spelled = text.size();
  if (text.ends_with('=')) text.remove_suffix(1);
  if (text.ends_with('=')) text.remove_suffix(1);
  std::uint8_t foreign = 0;
  for (const char c : text) foreign |= kForeign[static_cast<unsigned char>(c)];
  if (foreign == 0) return text.size() % 4 != 1 && (spelled == text.size() || spelled % 4 == 0);
  std::size_t escapes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\/") {
      ++escapes;
      ++i;
    } else if (kForeign[static_cast<unsigned char>(text[i])] != 0) {
      return false;
    }
  }
  return (text.size() - escapes) % 4 != 1;
}

// A strict walk over the delivery.
class Walk {
 public:
  Walk(std::string_view body, std::string_view request_id) : body_(body), request_id_(request_id) {}

  Status run() {
    if (!take('{')) return broken();
    if (!take('}')) {
      do {
        if (Status member = read_member(); !member) return member;
      } while (take(','));
      if (!take('}')) return broken();
    }
    if (skip_blanks() != body_.size()) return broken();
    if (!has_id_) return fail(Code::invalid_input, "the delivery has no requestId");
    if (!has_records_) return fail(Code::invalid_input, "the delivery has no records");
    return {};
  }

 private:
  Status read_member() {
    std::string_view key;
    if (!take_key(key)) return broken();
    if (key == "requestId") return read_id();
    if (key == "records") return read_records();
    return skip_value();
  }

  Status read_id() {
    std::string_view spelled;
    if (std::exchange(has_id_, true)) return twice("requestId");
    if (!take_string(spelled)) return broken();
    std::string id(spelled.size(), '\0');
    const event::Unescaped unescaped = event::unescape(spelled, id.data());
    if (!unescaped.ok) return broken();
    id.resize(unescaped.size);
    if (id == request_id_) return {};
    return fail(Code::invalid_input, "requestId differs from the header X-Amz-Firehose-Request-Id");
  }

  Status read_records() {
    if (std::exchange(has_records_, true)) return twice("records");
    if (!take('[')) return broken();
    if (take(']')) return {};
    for (std::size_t number = 0;; ++number) {
      if (number == kFirehoseRecords) {
        return fail(Code::limit, fmt::format("more than {} records", kFirehoseRecords));
      }
      if (Status record = read_record(number); !record) return record;
      if (take(',')) continue;
      return take(']') ? Status{} : broken();
    }
  }

  Status read_record(std::size_t number) {
    bool has_data = false;
    if (!take('{')) return broken();
    if (!take('}')) {
      do {
        std::string_view key;
        if (!take_key(key)) return broken();
        if (key != "data") {
          if (Status skipped = skip_value(); !skipped) return skipped;
          continue;
        }
        if (std::exchange(has_data, true)) return twice("data");
        std::string_view data;
        if (!take_string(data)) return broken();
        if (!is_base64(data)) {
          return fail(Code::invalid_input, fmt::format("records[{}].data is not base64", number));
        }
      } while (take(','));
      if (!take('}')) return broken();
    }
    if (has_data) return {};
    return fail(Code::invalid_input, fmt::format("records[{}] has no data", number));
  }

  std::size_t skip_blanks() {
    while (pos_ < body_.size() && event::is_space(body_[pos_])) ++pos_;
    return pos_;
  }

  bool take(char c) {
    if (skip_blanks() == body_.size() || body_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  bool take_string(std::string_view& inside) {
    if (!take('"')) return false;
    const std::size_t end = event::string_end(body_, pos_);
    if (end == body_.npos) return false;
    inside = body_.substr(pos_, end - pos_);
    pos_ = end + 1;
    return true;
  }

  // A key and its colon. Firehose spells keys plainly; one that does not could be read in two ways.
  bool take_key(std::string_view& key) {
    const auto is_odd = [](char c) { return c == '\\' || static_cast<unsigned char>(c) < 0x20; };
    return take_string(key) && std::none_of(key.begin(), key.end(), is_odd) && take(':');
  }

  Status skip_value() {
    event::JsonScanner scanner;
    scanner.start();
    const auto status = scanner.scan_through(body_, pos_);
    return status == event::JsonScanner::Status::complete ? Status{} : broken();
  }

  Status broken() const {
    return fail(Code::invalid_input,
                fmt::format("the body is not a Firehose delivery in JSON (at byte {})", pos_));
  }
  static Status twice(std::string_view key) {
    return fail(Code::invalid_input, fmt::format("\"{}\" occurs twice", key));
  }

  std::string_view body_;
  std::string_view request_id_;
  std::size_t pos_ = 0;
  bool has_id_ = false;
  bool has_records_ = false;
};

}  // namespace

Status check_firehose_head(const net::HttpHead& head) {
  if (head.header("x-amz-firehose-request-id").empty()) {
    return fail(Code::invalid_input, "the header X-Amz-Firehose-Request-Id is missing");
  }
  if (head.header("x-amz-firehose-protocol-version") != "1.0") {
    return fail(Code::invalid_input, "X-Amz-Firehose-Protocol-Version must be 1.0");
  }
  return {};
}

Status check_firehose_body(std::string_view body, std::string_view request_id) {
  return Walk(body, request_id).run();
}

}  // namespace tocsin::source
