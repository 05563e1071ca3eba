// ElementIndex: where the objects of a long array end, found by following brackets along a
// StructuralIndex. Far quicker than reading them byte by byte, and it promises less: brackets
// pair up, whatever stands between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/structural_index.h"

namespace tocsin::event {

class ElementIndex {
 public:
  // The end of the object that begins at window[pos]; nothing when it cannot be told. Ask for
  // ascending positions; `offset` is that of window[0] in the stream. `at_end`: no text follows the
  // window. Precondition: window[pos] is outside strings, and kPadding bytes after the window are
  // readable. Linear: text that cannot be indexed is not tried again.
  std::optional<std::size_t> end_of(std::string_view window, std::size_t pos, std::uint64_t offset,
                                    bool at_end);

 private:
  static constexpr std::size_t kIndexedBytes = std::size_t{128} << 10;

  bool index(std::string_view window, std::size_t pos, bool at_end);
  void refuse();

  StructuralIndex index_;
  std::uint64_t begin_ = 0;  // what is indexed, as offsets in the stream
  std::uint64_t end_ = 0;
  std::uint64_t refused_ = 0;  // not to be tried again before this offset
  std::size_t next_ = 0;       // token that was not looked at yet
  bool grows_ = false;         // the window was too short for a whole index
};

}  // namespace tocsin::event
