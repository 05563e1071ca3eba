// Helpers of the framer's tests: runs a framer over text that arrives in chunks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "event/framer.h"

namespace tocsin::event {

struct Item {
  std::string text;  // the frame, or "!" and the error's message
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  Container container = Container::none;
  bool is_record = true;
  bool operator==(const Item&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Item& item) {
  return out << '{' << item.text.substr(0, 200) << " line " << item.line << " offset "
             << item.offset << " container " << static_cast<int>(item.container) << '}';
}

struct Framing {
  std::vector<Item> items;
  std::uint64_t scanned = 0;
  std::size_t largest_window = 0;

  std::vector<std::string> frames() const {
    std::vector<std::string> out;
    for (const Item& item : items) {
      if (!item.text.starts_with('!')) out.push_back(item.text);
    }
    return out;
  }
  std::size_t errors() const { return items.size() - frames().size(); }
};

// The window is the smallest that the framer allows: what it can drop is dropped.
inline Framing frame_text(std::string_view text, std::size_t chunk) {
  Framing result;
  Framer framer;
  std::size_t begin = 0;
  std::size_t end = std::min(chunk, text.size());
  std::string window;  // exact, for the sanitizers
  for (bool extend = true;;) {
    if (extend) {
      const std::size_t unused = framer.droppable();
      framer.drop(unused);
      begin += unused;
      window = text.substr(begin, end - begin);
      result.largest_window = std::max(result.largest_window, window.size());
    }
    const Framer::Step step = framer.next(window, end == text.size());
    if (step == Framer::Step::end) break;
    extend = step == Framer::Step::more;
    const Framer::Frame& frame = framer.frame();
    if (step == Framer::Step::frame) {
      result.items.push_back({window.substr(frame.begin, frame.end - frame.begin), frame.line,
                              frame.offset, frame.container, frame.is_record});
    } else if (step == Framer::Step::error) {
      result.items.push_back({"!" + framer.error().message, frame.line, frame.offset,
                              Container::none, frame.is_record});
    } else {
      end = std::min(end + chunk, text.size());
    }
  }
  result.scanned = framer.scanned();
  return result;
}

inline constexpr std::size_t kChunks[] = {1, 2, 3, 7, 64, 4096};

inline std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// --- random text ---

using Random = std::mt19937;

inline std::size_t pick(Random& random, std::size_t count) {
  return random() % count;
}

inline std::string random_text(Random& random) {
  static constexpr const char* kParts[] = {
      "a", "Records", "\\\"",    "\\\\",           "{", "}",     "[", "]", ",",
      ":", "\\n",     "\\u00e9", "\\ud83d\\ude00", "é", "{\\\"", " "};
  std::string out;
  for (std::size_t i = pick(random, 6); i > 0; --i) out += kParts[pick(random, std::size(kParts))];
  return "\"" + out + "\"";
}

// `line` separates lines: "" gives compact text.
inline std::string random_value(Random& random, int depth, const std::string& line) {
  static constexpr const char* kScalars[] = {"0",    "-1.5e+3", "12345678901234567890123",
                                             "true", "false",   "null"};
  const std::size_t kind = pick(random, depth > 3 ? 2 : 4);
  if (kind == 0) return kScalars[pick(random, std::size(kScalars))];
  if (kind == 1) return random_text(random);
  const bool object = kind == 2;
  const std::string inner = line.empty() ? "" : line + "  ";
  std::string out = object ? "{" : "[";
  const std::size_t count = pick(random, 4);
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ",";
    out += inner;
    if (object) out += "\"k" + std::to_string(i) + (line.empty() ? "\":" : "\": ");
    out += random_value(random, depth + 1, inner);
  }
  if (count != 0) out += line;
  return out + (object ? "}" : "]");
}

inline std::string random_record(Random& random, const std::string& line) {
  const std::string inner = line.empty() ? "" : line + "  ";
  std::string out = "{";
  const std::size_t count = pick(random, 5);
  for (std::size_t i = 0; i < count; ++i) {
    out += (i != 0 ? "," : "") + inner + "\"m" + std::to_string(i) +
           "\":" + random_value(random, 1, inner);
  }
  if (count != 0) out += line;
  return out + "}";
}

}  // namespace tocsin::event
