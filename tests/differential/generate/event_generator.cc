#include "differential/generate/event_generator.h"

#include <array>
#include <cstdio>

#include "differential/generate/vocabulary.h"
#include "differential/reference/json_dom.h"

namespace tocsin::differential {
namespace {

constexpr std::array kNumbers = {"0",
                                 "-0",
                                 "1",
                                 "1.0",
                                 "1e0",
                                 "-1",
                                 "10",
                                 "1E1",
                                 "1.5",
                                 "15e-1",
                                 "0.1",
                                 "1e-7",
                                 "31",
                                 "7",
                                 "1e400",
                                 "-1.5e400",
                                 "1e-400",
                                 "9007199254740993",
                                 "9007199254740993.0",
                                 "9007199254740992",
                                 "18446744073709551616",
                                 "1234567890123456789012345",
                                 "123456.789",
                                 "1e21",
                                 "-0.0",
                                 "1700000000",
                                 "20240131"};

// What the fields of these names mostly hold.
constexpr std::array kTimes = {"2024-01-31T23:59:58Z",
                               "20240229T120000Z",
                               "2024-12-30",
                               "2024-12-31 01:02:03+14:00",
                               "2023-02-29T00:00:00Z",
                               "2021-01-03T10:00Z",
                               "2021-01-01T00:30:00-10:30",
                               "1700000000",
                               "1700000000123",
                               "2020-12-31T23:00:00.123456-0200",
                               "2024-01-01t00:00:00,5z",
                               "2024-1-1"};
constexpr std::array kAddresses = {
    "10.0.0.1",        "10.255.255.255", "11.0.0.0",   "192.168.255.1",
    "::ffff:10.0.0.1", "2001:db8::1",    "2001:db9::", "::1",
    "8.8.8.8",         "::ffff:8.8.8.8", "10.0.0.01",  "AWS Internal"};
constexpr std::array kLines = {"a\nb", "a\n", "\nb", "b\na", "A\nb", "ab", "", "a\n\nb"};

constexpr std::array kIdentities = {
    R"({"type":"Root","accountId":"1","arn":"arn:aws:iam::1:root"})",
    R"({"type":"Root","accountId":"1"})",
    R"({"type":"IAMUser","userName":"a","arn":"arn:aws:iam::1:user/a","accountId":"1"})",
    R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/s","sessionContext":)"
    R"({"sessionIssuer":{"arn":"arn:aws:iam::1:role/p/r"},"attributes":{"mfaAuthenticated":"true"}}})",
    R"({"type":"AssumedRole","arn":"arn:aws-cn:sts::1:assumed-role/r/s:x"})",
    R"({"type":"AssumedRole","arn":"a","sessionContext":{"attributes":{"mfaAuthenticated":false}}})",
    R"({"type":"AWSService","invokedBy":"s3.amazonaws.com"})",
    R"({"type":"IdentityCenterUser","onBehalfOf":{"userId":"k"},"accountId":["1","2"]})",
    R"({"type":["x","IAMUser"],"principalId":"a"})",
    R"({"type":"Other"})",
    R"("a")",
    "null",
    "[]"};

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string event() {
    object(0, [&] {
      if (random_.percent(40)) member("userIdentity", random_.pick(kIdentities));
      if (random_.percent(30)) kind_member("sourceIPAddress", kAddresses);
      if (random_.percent(30)) kind_member("eventTime", kTimes);
      if (random_.percent(30)) kind_member("lines", kLines);
      if (random_.percent(30)) {
        key("n");
        out_ += random_.pick(kNumbers);
        out_ += ',';
      }
      if (random_.percent(30)) scalar_member("eventName");
      if (random_.percent(20)) scalar_member("eventSource");
      if (random_.percent(20)) scalar_member("errorCode");
      if (random_.percent(10)) scalar_member("recipientAccountId");
      if (random_.percent(10)) {
        member("additionalEventData",
               random_.percent(50) ? R"({"MFAUsed":"Yes"})" : R"({"MFAUsed":"No"})");
      }
    });
    return std::move(out_);
  }

 private:
  template <class First>
  void object(int depth, First first) {
    out_ += '{';
    const std::size_t start = out_.size();
    first();
    for (std::size_t n = random_.below(depth == 0 ? 7 : 4); n > 0; --n) {
      key(random_.pick(keys()));
      value(depth + 1);
      out_ += ',';
    }
    if (out_.size() > start) out_.pop_back();
    out_ += '}';
  }

  void array(int depth) {
    out_ += '[';
    for (std::size_t n = random_.below(4); n > 0; --n) {
      value(depth + 1);
      if (n > 1) out_ += ',';
    }
    out_ += ']';
  }

  void value(int depth) {
    const std::size_t kind = random_.below(100);
    space();
    if (depth < 4 && kind < 25) {
      object(depth, [] {});
    } else if (depth < 4 && kind < 40) {
      array(depth);
    } else {
      scalar();
    }
    space();
  }

  void scalar() {
    const std::size_t kind = random_.below(100);
    if (kind < 70) {
      string(plain_text(random_));
    } else if (kind < 85) {
      out_ += random_.pick(kNumbers);
    } else {
      out_ += kind < 90 ? "true" : kind < 94 ? "false" : "null";
    }
  }

  void space() {
    if (random_.percent(5)) out_ += random_.percent(50) ? " " : "\t";
  }

  void key(const std::string& name) {
    string(name);
    space();
    out_ += ':';
  }

  void scalar_member(const char* name) {
    key(name);
    scalar();
    out_ += ',';
  }

  template <class Values>
  void kind_member(const char* name, const Values& values) {
    if (random_.percent(15)) return scalar_member(name);
    key(name);
    string(random_.pick(values));
    out_ += ',';
  }

  void member(const char* name, const char* json) {
    key(name);
    out_ += json;
    out_ += ',';
  }

  // Any character may be written as an escape.
  void string(const std::string& text) {
    out_ += '"';
    for (const char32_t c : reference::decode(text)) {
      const bool must = c < 0x20 || c == U'"' || c == U'\\';
      if (must || random_.percent(4)) {
        escape(c);
      } else {
        out_ += reference::encode(std::u32string(1, c));
      }
    }
    out_ += '"';
  }

  void escape(char32_t c) {
    const auto unit = [&](char32_t u) {
      std::array<char, 8> text{};
      std::snprintf(text.data(), text.size(), random_.percent(50) ? "\\u%04x" : "\\u%04X",
                    static_cast<unsigned>(u));
      out_ += text.data();
    };
    if (c == U'\n' && random_.percent(50)) {
      out_ += "\\n";
    } else if ((c == U'"' || c == U'\\' || c == U'/') && random_.percent(70)) {
      out_ += '\\';
      out_ += static_cast<char>(c);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + (c - 0x10000) / 0x400);
      unit(0xDC00 + (c - 0x10000) % 0x400);
    }
  }

  Random& random_;
  std::string out_;
};

}  // namespace

std::string make_event(Random& random) {
  return Writer(random).event();
}

}  // namespace tocsin::differential
