// Any bytes, cut anywhere: the same items, in order, out of the text itself, in linear work.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "event/framer.h"

namespace {

using tocsin::event::Framer;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Item {
  Framer::Step step;
  std::string text;
  std::uint64_t line;
  std::uint64_t offset;
  tocsin::event::Container container;
  bool operator==(const Item&) const = default;
};

std::vector<Item> items_of(std::string_view text, std::size_t chunk) {
  std::vector<Item> items;
  std::uint64_t last = 0;
  Framer framer;
  std::size_t begin = 0;
  std::size_t end = std::min(chunk, text.size());
  std::string window(text.substr(0, end));
  for (;;) {
    const Framer::Step step = framer.next(window, end == text.size());
    if (step == Framer::Step::end) break;
    if (step == Framer::Step::more) {
      require(end < text.size());
      const std::size_t unused = framer.droppable();
      framer.drop(unused);
      begin += unused;
      end = std::min(end + chunk, text.size());
      window = text.substr(begin, end - begin);
      continue;
    }
    const Framer::Frame& frame = framer.frame();
    Item item{step, framer.error().message, frame.line, frame.offset, frame.container};
    if (step == Framer::Step::frame) {
      item.text = window.substr(frame.begin, frame.end - frame.begin);
      require(item.text.starts_with('{') && item.text.ends_with('}'));
      require(text.substr(frame.offset).starts_with(item.text));
    }
    if (!frame.opened) {  // a container comes after what is in it
      require(last <= item.offset);
      last = item.offset;
    }
    items.push_back(std::move(item));
  }
  require(framer.scanned() <= 14 * text.size() + (1 << 17));
  return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t chunk = data[0] % 97 + 1u;
  require(items_of(text, text.size()) == items_of(text, chunk));
  return 0;
}
