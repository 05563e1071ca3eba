#include "differential/generate/vocabulary.h"

#include "differential/reference/json_dom.h"
#include "differential/reference/values.h"

namespace tocsin::differential {
namespace {

using namespace std::string_literals;

const std::vector<std::string> kWords = {
    "", "a", "A", "b", "c", "ab", "AB", "ba", "abc", "aBc", "abab", "a b", "-a", "/a", "a -b /c",
    "\u2013a", "\u2014b -a", "\u2015c",
    // Case folding: long s, sharp s, Kelvin, dotted and dotless i, Angstrom, sigmas, and letters
    // that change their size in UTF-8, or lie beyond the first plane.
    "\u017f", "s", "S", "\u00df", "\u1e9e", "ss", "\u212a", "k", "K", "\u0130", "i", "I", "\u0131",
    "\u212b", "\u00e5", "\u00c5", "\u03c3", "\u03c2", "\u03a3", "\u023a", "\u2c65", "\U00010400",
    "\U00010428", "\U0001F600", "a\U0001F600b",
    // What patterns take for special.
    "*", "?", "a*b", "a?b", "a\\b", "a\\*b", "a\\\\b", "\\", "%", "%list%", "\\%",
    // What looks like something else.
    "null", "true", "True", "false", "0", "1", "-1", "1.0", "1.5", "10", "1e1", "007", "31",
    "10.0.0.1", "10.1.0.255", "192.168.1.1", "::ffff:10.0.0.1", "2001:db8::1", "::1", "8.8.8.8",
    "10.0.0.01", "AWS Internal", "s3.amazonaws.com", "2024-01-31T23:59:58Z", "20240229T120000Z",
    "2024-12-30", "2024-12-31 01:02:03+14:00", "2023-02-29T00:00:00Z", "2021-01-03T10:00Z",
    "1700000000", "1700000000123", "\0"s, "a\nb", "\tb", ".", "a.b", "\ufffd"};

const std::vector<std::string> kFields = {"a",
                                          "a",
                                          "a",
                                          "b",
                                          "b",
                                          "c",
                                          "x",
                                          "a.b",
                                          "a.b",
                                          "a.b.c",
                                          "a.c",
                                          "b.a",
                                          "x.y",
                                          "x.y.a",
                                          "eventName",
                                          "eventSource",
                                          "eventTime",
                                          "sourceIPAddress",
                                          "errorCode",
                                          "userIdentity",
                                          "userIdentity.type",
                                          "userIdentity.arn",
                                          "tocsin.mfa",
                                          "tocsin.identity_kind",
                                          "tocsin.principal",
                                          "tocsin.person",
                                          "tocsin.source_ip_kind",
                                          "tocsin.account",
                                          "tocsin.is_error",
                                          "tocsin",
                                          "tocsin.unknown",
                                          "missing"};

const std::vector<std::string> kKeys = {"a",   "a", "b",      "b",          "c",
                                        "x",   "y", "a.b",    "b.c",        "a.b.c",
                                        "x.y", "A", "tocsin", "tocsin.mfa", "other"};

std::string wide(const std::string& text) {
  const auto bytes = reference::utf16_bytes(reference::decode(text), sigma::Modifier::wide);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

const std::vector<std::string>& field_paths() {
  return kFields;
}
const std::vector<std::string>& keys() {
  return kKeys;
}
const std::string& word(Random& random) {
  return random.pick(kWords);
}

std::string plain_text(Random& random) {
  std::string text = word(random);
  if (random.percent(25)) text += word(random);
  if (random.percent(5)) text = word(random) + text + word(random);
  if (random.percent(6)) text = reference::base64(random.percent(40) ? wide(text) : text);
  if (random.percent(1) && text.size() < 40) {
    // Wide text that is ASCII is text itself.
    const std::string wider = wide(text);
    if (reference::is_valid_utf8(wider)) text = wider;
  }
  return text;
}

}  // namespace tocsin::differential
