#include "differential/generate/envelope_documents.h"

#include <fmt/format.h>

#include "unit/event/samples.h"

namespace tocsin::differential {
namespace {

using event::base64;
using event::gzipped;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += between;
    out += part;
  }
  return out;
}

// Writes documents with the random choices that are the same everywhere.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string document(std::size_t depth) {
    if (depth == 0) return event();
    switch (random_.below(9)) {
      case 0:
        return event();
      case 1:
        return '[' + elements(depth - 1, &Writer::document) + ']';
      case 2:
      case 3:
        return container(depth - 1);
      case 4:
        return object({member("Type", text("Notification")), member("TopicArn", text("arn"))},
                      payload("Message", stream_text(depth - 1, false), false));
      case 5:
        return object({member("detail-type", text("t")), member("source", text("aws.iam"))},
                      payload("detail", document_object(depth - 1), true));
      case 6:
        return cloud_event(depth - 1);
      case 7:
        return object(
            {},
            {member("awslogs", object({}, payload("data", stream_text(depth - 1, true), false)))});
      default:
        return object(
            {member("requestId", text("r"))},
            {member("records", '[' + elements(depth - 1, &Writer::firehose_record) + ']')});
    }
  }

  std::string stream(std::size_t depth) {
    std::vector<std::string> parts;
    for (std::size_t i = 1 + random_.below(3); i > 0; --i) parts.push_back(document(depth));
    static constexpr std::string_view kBetween[] = {"\n", "", ",\n", "\r\n\n", " "};
    return joined(parts, random_.pick(kBetween)) + (random_.percent(50) ? "\n" : "");
  }

 private:
  std::string text(std::string_view text) {
    return json_string(text, random_.percent(10), random_);
  }
  std::string blank() {
    static constexpr std::string_view kBlanks[] = {" ", "\n", "\n  ", "\t", "\r\n"};
    return random_.percent(90) ? "" : std::string(random_.pick(kBlanks));
  }
  std::string member(std::string_view key, const std::string& value) {
    return text(key) + blank() + ':' + blank() + value;
  }
  // The members in any order.
  std::string object(std::vector<std::string> members, const std::vector<std::string>& more) {
    for (const std::string& member : more) {
      members.insert(
          members.begin() + static_cast<std::ptrdiff_t>(random_.below(members.size() + 1)), member);
    }
    const std::string between = blank() + ',' + blank();
    return '{' + blank() + joined(members, between) + blank() + '}';
  }

  std::string event() {
    const std::string number = std::to_string(next_++);
    switch (random_.below(6)) {
      case 0:
        return R"({"eventVersion":"1.08","eventName":"N)" + number + R"(","x":[{"a":1},{"b":[]}]})";
      case 1:
        return object({member("n", number), member("eventID", text("e"))},
                      {member("detail-type", "1"), member("message", text("m"))});
      case 2:
        return object({member("n", number)}, {member("s", R"("{\"Records\":[{}]}\\")")});
      case 3:
        return object({member("n", number)}, {member("Records", scalar_or_object())});
      case 4:
        return R"({"n":)" + number +
               R"(,"below":{"Records":[{"eventName":"no"}],"logEvents":[1]}})";
      default:
        return object({member("n", number)}, {});
    }
  }
  std::string scalar_or_object() {
    static const std::vector<std::string> kValues = {"null", "7", "\"[\"", "{}", R"({"a":[{}]})"};
    return random_.pick(kValues);
  }

  // An object, now and then with records of its own.
  std::string container(std::size_t depth) {
    static constexpr std::string_view kKeys[] = {"Records", "Records", "records", "logEvents"};
    std::vector<std::string> arrays, beside;
    for (std::size_t i = random_.percent(70) ? 1 : 2 + random_.below(2); i > 0; --i) {
      const std::string_view key = random_.pick(kKeys);
      const auto element = key == "records"     ? &Writer::firehose_record
                           : key == "logEvents" ? &Writer::log_event
                                                : &Writer::document;
      const auto any = random_.percent(25) ? &Writer::document : element;
      arrays.push_back(member(key, blank() + '[' + elements(depth, any) + ']'));
    }
    static constexpr std::string_view kTypes[] = {"DATA_MESSAGE", "CONTROL_MESSAGE", "x"};
    for (std::size_t i = random_.below(3); i > 0; --i) {
      beside.push_back(random_.percent(10) ? member("messageType", "null")
                                           : member("messageType", text(random_.pick(kTypes))));
    }
    if (random_.percent(30)) beside.push_back(member("logStream", text("CONTROL_MESSAGE")));
    if (random_.percent(30)) beside.push_back(member("owner", R"({"Records":[{"no":1}]})"));
    if (random_.percent(15)) beside.push_back(member("eventName", text("E")));
    if (random_.percent(10)) beside.push_back(member("Records", scalar_or_object()));
    if (random_.percent(5)) beside.push_back(member(std::string(200, 'k'), "[{}]"));
    return object(beside, arrays);
  }

  // Of an array: none to four, among them some that are no objects.
  std::string elements(std::size_t depth, std::string (Writer::*element)(std::size_t)) {
    std::vector<std::string> parts;
    for (std::size_t i = random_.below(5); i > 0; --i) {
      const std::size_t kind = random_.below(10);
      if (kind == 0) {
        parts.push_back(random_.pick(odd_elements()));
      } else if (kind == 1 && depth > 0) {
        parts.push_back('[' + elements(depth - 1, element) + ']');
      } else {
        parts.push_back((this->*element)(depth));
      }
    }
    return blank() + joined(parts, blank() + ',' + blank()) + blank();
  }

  // JSON, as text; maybe compressed, for base64.
  std::string stream_text(std::size_t depth, bool encoded) {
    const std::string plain = stream(depth);
    if (!encoded) return json_string(plain, random_.percent(20), random_);
    return text(base64(random_.percent(50) ? gzipped(plain, 1) : plain));
  }

  // The member that holds the payload; now and then once more, or beside another type of value.
  std::vector<std::string> payload(std::string_view key, const std::string& value, bool is_object) {
    std::vector<std::string> members = {member(key, value)};
    if (random_.percent(15)) members.push_back(member(key, value));
    if (random_.percent(10)) members.push_back(member(key, random_.pick(odd_elements())));
    if (random_.percent(5) && !is_object) members.push_back(member(key, "{}"));
    return members;
  }

  std::string document_object(std::size_t depth) {
    for (;;) {
      std::string found = document(depth);
      if (found.front() == '{') return found;
    }
  }

  std::string firehose_record(std::size_t depth) {
    return object({}, payload("data", stream_text(depth, true), false));
  }
  std::string log_event(std::size_t depth) {
    if (random_.percent(10)) return object({member("message", text("CWL CONTROL MESSAGE: x"))}, {});
    return object({member("id", text("1"))}, payload("message", stream_text(depth, false), false));
  }

  std::string cloud_event(std::size_t depth) {
    std::vector<std::string> members;
    switch (random_.below(4)) {
      case 0:
        members = payload("data", document(depth), true);
        break;
      case 1:
        members = {member("data", stream_text(depth, false))};
        break;
      case 2:
        members = {member("data", '[' + elements(depth, &Writer::document) + ']')};
        break;
      default:
        members = payload("data_base64", stream_text(depth, true), false);
    }
    return object({member("specversion", text("1.0")), member("type", text("t"))}, members);
  }

  Random& random_;
  std::size_t next_ = 1;
};

// --- every position -----------------------------------------------------------------------------

std::string in_log_file(const std::vector<std::string>& elements) {
  return R"({"Records":[)" + joined(elements, ",") + "]}";
}

std::string as_text(std::string_view element) {
  return element.starts_with('{') ? R"({"message":)" + event::quoted(element) + "}"
                                  : std::string(element);
}
std::string as_base64(std::string_view element, bool compressed) {
  if (!element.starts_with('{')) return std::string(element);
  return R"({"data":")" + base64(compressed ? gzipped(element) : std::string(element)) + "\"}";
}

template <class Change>
std::vector<std::string> each(const std::vector<std::string>& elements, Change change) {
  std::vector<std::string> out;
  for (const std::string& element : elements) out.push_back(change(element));
  return out;
}

std::string in_logs(std::string_view before, const std::vector<std::string>& elements) {
  return fmt::format(R"({{{}"logEvents":[{}]}})", before, joined(each(elements, as_text), ","));
}
std::string in_firehose(const std::vector<std::string>& elements, bool compressed) {
  const auto encode = [&](const std::string& element) { return as_base64(element, compressed); };
  return R"({"requestId":"r","timestamp":1,"records":[)" + joined(each(elements, encode), ",") +
         "]}";
}
std::string in_sns(const std::string& message) {
  return R"({"Type":"Notification","TopicArn":"a","Message":)" + event::quoted(message) + "}";
}
std::string in_event_bridge(const std::string& detail) {
  return R"({"detail-type":"t","source":"s","detail":)" + detail + "}";
}
std::string in_cloud_event(std::string_view key, const std::string& data) {
  return fmt::format(R"({{"specversion":"1.0","type":"t","{}":{}}})", key, data);
}
std::string in_lambda(const std::string& logs) {
  return R"({"awslogs":{"data":")" + base64(gzipped(logs)) + R"("}})";
}

}  // namespace

const std::vector<std::string>& odd_elements() {
  static const std::vector<std::string> kOdd = {"null",
                                                "true",
                                                "false",
                                                "0",
                                                "-1.5e3",
                                                "\"\"",
                                                "\"x\"",
                                                "[]",
                                                "[1]",
                                                "[[],2]",
                                                "\"{\\\"a\\\":1}\"",
                                                "[null,\"]\",[]]"};
  return kOdd;
}

std::string json_string(std::string_view text, bool escapes, Random& random) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || (escapes && byte < 0x80 && random.percent(30))) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

std::string envelope_document(Random& random, std::size_t depth) {
  return Writer(random).document(depth);
}

std::string envelope_stream(Random& random, std::size_t depth) {
  return Writer(random).stream(depth);
}

const std::vector<Wrap>& container_shapes() {
  using Elements = const std::vector<std::string>&;
  static const std::vector<Wrap> kShapes = {
      [](Elements e) { return "[" + joined(e, ",") + "]"; },
      [](Elements e) { return "[\n  " + joined(e, ",\n  ") + "\n]\n"; },
      [](Elements e) { return "[[" + joined(e, "],[") + "]]"; },
      in_log_file,
      [](Elements e) { return "{\n  \"Records\": [\n    " + joined(e, ",\n    ") + "\n  ]\n}\n"; },
      [](Elements e) { return R"({"\u0052ecords":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"Record\u0073" : [ )" + joined(e, " , ") + " ]}"; },
      [](Elements e) { return R"({"Records":[],"Records":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"Records":[)" + joined(e, ",") + R"(],"Records":[]})"; },
      [](Elements e) { return R"({"Records":[)" + joined(e, R"(],"Records":[)") + "]}"; },
      [](Elements e) { return R"({"Records":[)" + joined(e, R"(],"\u0052ecords":[)") + "]}"; },
      [](Elements e) { return R"({"Records":null,"Records":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"owner":{"a":[{}]},"Records":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"eventName":"own","Records":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"Records":[)" + joined(e, ",") + R"(],"eventName":"own"})"; },
      [](Elements e) { return R"({"eventID":"1","logEvents":[)" + joined(e, ",") + "]}"; },
      [](Elements e) { return R"({"Records":[[)" + joined(e, ",") + "]]}"; },
      [](Elements e) { return in_log_file({in_log_file(e)}); },
      [](Elements e) { return in_log_file({R"({"a":1,"Records":[)" + joined(e, ",") + "]}"}); },
      [](Elements e) { return "[" + in_log_file(e) + "," + in_log_file(e) + "]"; },
      [](Elements e) { return in_log_file(e) + "\n" + in_log_file(e) + "\n"; },
      [](Elements e) { return in_logs(R"("messageType":"DATA_MESSAGE",)", e); },
      [](Elements e) { return in_logs(R"("logStream":"CONTROL_MESSAGE",)", e); },
      [](Elements e) { return in_logs(R"("messageType":"CONTROL_MESSAGE",)", e); },
      [](Elements e) {
        return in_logs(R"("messageType":"CONTROL_MESSAGE","message\u0054ype":"DATA_MESSAGE",)", e);
      },
      [](Elements e) { return in_logs(R"("message\u0054ype":"CONTROL\u005fMESSAGE",)", e); },
      [](Elements e) { return in_lambda(in_logs(R"("messageType":"DATA_MESSAGE",)", e)); },
      [](Elements e) { return in_firehose(e, false); },
      [](Elements e) { return in_firehose(e, true); },
      [](Elements e) {
        return in_firehose({in_logs("", e), in_log_file(e)}, true);
      },
      [](Elements e) { return in_sns(in_log_file(e)); },
      [](Elements e) { return in_sns(in_sns("[" + joined(e, ",") + "]")); },
      [](Elements e) { return in_event_bridge(in_log_file(e)); },
      [](Elements e) { return in_sns(in_event_bridge(in_log_file(e))); },
      [](Elements e) { return in_log_file({in_event_bridge(in_log_file(e))}); },
      [](Elements e) { return in_cloud_event("data", in_log_file(e)); },
      [](Elements e) { return in_cloud_event("data", "[" + joined(e, ",") + "]"); },
      [](Elements e) { return in_cloud_event("data", event::quoted(in_log_file(e))); },
      [](Elements e) {
        return in_cloud_event("data_base64", '"' + base64(gzipped(in_log_file(e))) + '"');
      },
  };
  return kShapes;
}

}  // namespace tocsin::differential
