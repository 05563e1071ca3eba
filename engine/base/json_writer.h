// JsonWriter: appends compact JSON to a string. Commas are placed by the writer; the caller keeps
// objects and arrays balanced. Strings are escaped so that the output is one line of valid UTF-8
// whatever bytes come in (ill-formed sequences become U+FFFD).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // Inserts `json` as it is. Precondition: it is one valid JSON value without line breaks.
  JsonWriter& raw(std::string_view json);

  JsonWriter& member(std::string_view name, std::string_view value) {
    return key(name).string(value);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace tocsin
