#include "differential/generate/mutator.h"

#include <algorithm>
#include <utility>

namespace tocsin::differential {
namespace {

using reference::Json;

std::size_t place(Random& random, const std::string& text) {
  return random.below(text.size() + 1);
}

void damage(Random& random, std::string& text, const std::vector<std::string>& words) {
  const std::size_t at = place(random, text);
  const std::size_t length = random.below(random.percent(80) ? 8 : 200);
  switch (random.below(9)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(at, 1, static_cast<char>(random.below(256)));
      break;
    case 4:
      text.insert(at, random.pick(words));
      break;
    case 5:
      text.insert(place(random, text), std::string(text, at, length));
      break;
    case 6:
      text.resize(at);
      break;
    case 7: {  // a piece of the text over another
      const std::string piece(text, at, length);
      text.replace(std::min(place(random, text), text.size()), piece.size(), piece);
      break;
    }
    default: {
      const std::string from = random.pick(words);
      const std::size_t found = text.find(from, at);
      if (!from.empty() && found != std::string::npos)
        text.replace(found, from.size(), random.pick(words));
    }
  }
}

const std::vector<Json>& replacements() {
  static const std::vector<Json> kValues = [] {
    std::vector<Json> values;
    for (const char* text : {"null", "true", "7", "1234567890123456789012345", "-1.5e300",
                             "\"text\"", "[]", "[1,\"a\",[null]]", "{}", "{\"a\":{\"b\":\"c\"}}"}) {
      values.push_back(*reference::parse_json(text));
    }
    return values;
  }();
  return kValues;
}

// Calls `use` with `root` after each swap somewhere below `value`, a part of it; undoes the swap.
template <class Use>
void swap_below(Json& value, Use use) {
  const auto swap_one = [&](Json& child) {
    const Json original = child;
    for (const Json& replacement : replacements()) {
      child = replacement;
      use();
    }
    child = original;
    swap_below(child, use);
  };
  for (Json& element : value.elements) swap_one(element);
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    swap_one(value.members[i].value);
    const auto at = value.members.begin() + static_cast<std::ptrdiff_t>(i);
    reference::Member removed = std::move(*at);
    value.members.erase(at);
    use();
    value.members.insert(value.members.begin() + static_cast<std::ptrdiff_t>(i),
                         std::move(removed));
  }
}

}  // namespace

std::string damaged(Random& random, std::string text, const std::vector<std::string>& words) {
  for (std::size_t n = 1 + random.below(4); n > 0; --n) damage(random, text, words);
  return text;
}

std::vector<std::string> type_swaps(const Json& record) {
  std::vector<std::string> out;
  Json root = record;
  swap_below(root, [&] { out.push_back(to_text(root)); });
  return out;
}

}  // namespace tocsin::differential
