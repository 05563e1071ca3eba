// The yardstick: how fast simdjson's On-Demand API reads eight fields of every record of a file in
// memory, in one pass over the keys, and does nothing else with them.
//   bench_yardstick cloudtrail|windows FILE [PASSES]
// Prints one JSON object; "seconds" is the median pass, "cpu_seconds" of the processor's time.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "timer.h"

namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::raw_json_string;
using tocsin::bench::Timer;
using Document = simdjson::simdjson_result<simdjson::ondemand::document_reference>;
using Field = simdjson::simdjson_result<simdjson::ondemand::field>;
using Value = simdjson::simdjson_result<simdjson::ondemand::value>;

constexpr std::size_t kBatchBytes = 1 << 20;  // what iterate_many indexes at a time

struct Seen {
  std::uint64_t records = 0;
  std::uint64_t found = 0;  // fields
  std::uint64_t hash = 0;   // of what was read, so that it is read

  void add(std::string_view text) {
    ++found;
    hash = hash * 1099511628211u + text.size();
    if (!text.empty()) hash ^= static_cast<unsigned char>(text.back());
  }
};

void read_text(Seen& seen, Value value) {
  std::string_view text;
  if (!value.get_string().get(text)) seen.add(text);
}

void read_number(Seen& seen, Value value) {
  std::uint64_t number = 0;
  if (value.get_uint64().get(number)) return;
  ++seen.found;
  seen.hash = seen.hash * 1099511628211u + number;
}

// Whether the key that begins at `key` is `name`, which is given with its closing quote.
template <std::size_t N>
bool is(const char* key, const char (&name)[N]) {
  return std::memcmp(key, name, N - 1) == 0;
}

// Calls visit(key, field) for each member of the object that `value` holds.
template <class Source, class Visit>
inline __attribute__((always_inline)) bool each_member(Source&& value, Visit visit) {
  object members;
  if (value.get_object().get(members)) return false;
  for (auto member : members) {
    raw_json_string key;
    if (member.key().get(key)) return true;
    visit(key.raw(), member);
  }
  return true;
}

struct CloudTrail {
  static void read(Document& record, Seen& seen) {
    seen.records += each_member(record, [&](const char* key, Field& field) {
      switch (key[0]) {
        case 'e':
          if (is(key, "eventName\"") || is(key, "errorCode\"") || is(key, "eventSource\"")) {
            read_text(seen, field.value());
          }
          break;
        case 's':
          if (is(key, "sourceIPAddress\"")) read_text(seen, field.value());
          break;
        case 'u':
          if (is(key, "userAgent\"")) {
            read_text(seen, field.value());
          } else if (is(key, "userIdentity\"")) {
            read_identity(field.value(), seen);
          }
          break;
        default:
          break;
      }
    });
  }

  static void read_identity(Value identity, Seen& seen) {
    each_member(identity, [&](const char* key, Field& field) {
      if (is(key, "type\"") || is(key, "arn\"")) {
        read_text(seen, field.value());
      } else if (is(key, "sessionContext\"")) {
        each_member(field.value(), [&](const char* part, Field& context) {
          if (!is(part, "attributes\"")) return;
          each_member(context.value(), [&](const char* attribute, Field& mfa) {
            if (is(attribute, "mfaAuthenticated\"")) read_text(seen, mfa.value());
          });
        });
      }
    });
  }
};

struct Windows {
  static void read(Document& record, Seen& seen) {
    seen.records += each_member(record, [&](const char* key, Field& field) {
      switch (key[0]) {
        case 'C':
          if (is(key, "Channel\"") || is(key, "Computer\"") || is(key, "CommandLine\"")) {
            read_text(seen, field.value());
          }
          break;
        case 'E':
          if (is(key, "EventID\"")) read_number(seen, field.value());
          break;
        case 'I':
          if (is(key, "Image\"")) read_text(seen, field.value());
          break;
        case 'P':
          if (is(key, "Provider_Name\"") || is(key, "ParentImage\""))
            read_text(seen, field.value());
          break;
        case 'U':
          if (is(key, "User\"")) read_text(seen, field.value());
          break;
        default:
          break;
      }
    });
  }
};

template <class Format>
bool one_pass(const simdjson::padded_string& text, Seen& seen) {
  simdjson::ondemand::parser parser;
#ifdef SIMDJSON_THREADS_ENABLED
  parser.threaded = false;  // one core: a second thread for the index would only cost switches
#endif
  simdjson::ondemand::document_stream stream;
  if (parser.iterate_many(text.data(), text.size(), kBatchBytes).get(stream)) return false;
  for (auto record = stream.begin(); record != stream.end(); ++record) {
    Document document = *record;
    Format::read(document, seen);
  }
  return true;
}

template <class Format>
int measure(const simdjson::padded_string& text, int passes) {
  Timer timer;
  Seen seen;
  for (int i = 0; i < passes; ++i) {
    seen = Seen{};
    timer.start();
    if (!one_pass<Format>(text, seen)) return 1;
    timer.stop();
  }
  fmt::print("{{{},\"records\":{},\"bytes\":{},\"found\":{},\"hash\":{}}}\n", timer.json(),
             seen.records, text.size(), seen.found, seen.hash);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view format = argc > 1 ? argv[1] : "";
  const int passes = argc > 3 ? std::atoi(argv[3]) : 1;
  if (argc < 3 || argc > 4 || passes < 1 || (format != "cloudtrail" && format != "windows")) {
    fmt::print(stderr, "usage: bench_yardstick cloudtrail|windows FILE [PASSES]\n");
    return 2;
  }
  simdjson::padded_string text;
  if (simdjson::padded_string::load(argv[2]).get(text)) {
    fmt::print(stderr, "bench_yardstick: cannot read {}\n", argv[2]);
    return 1;
  }
  return format == "windows" ? measure<Windows>(text, passes) : measure<CloudTrail>(text, passes);
}
