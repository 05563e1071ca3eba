// RecordCutter: cuts a stream of text, which may never end, into pieces that are submitted alone.
//
// No record is in two pieces; pieces hold, in the stream's order, everything that is in it, damage
// included. An array or log file may be longer than a piece: it is closed at the end of one and
// opened again at the beginning of the next.
// Memory: about kPieceBytes + limits::kRecordBytes, whatever the stream holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/framer.h"

namespace tocsin::source {

class RecordCutter {
 public:
  static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

  struct Piece {
    std::string bytes;  // what to submit
    std::string_view text() const { return std::string_view(bytes).substr(begin, size); }
    std::size_t begin = 0, size = 0;  // where in `bytes` the stream's own text is
    bool is_known = false;            // nothing needs to be submitted: an earlier piece told of it
    std::uint64_t consumed = 0;       // bytes of the stream up to its end
    std::string open;                 // for a cutter that goes on there
  };

  // What counts as the end of a piece that is shorter than kPieceBytes.
  enum class Until : std::uint8_t {
    full,     // nothing: more text is at hand
    lines,    // whole records, and their lines are whole
    records,  // whole records: what comes next will not be long in coming
    end,      // the stream has ended: everything
  };

  // `open` is what the piece before said.
  explicit RecordCutter(const std::string& open = {});

  void feed(std::string_view text);
  // Call until there is none. After Until::end, nothing more is fed.
  std::optional<Piece> take(Until until);

  // Bytes of the stream that are in no piece yet.
  std::uint64_t pending() const;

 private:
  struct Cut {
    std::size_t at = 0;  // in text_
    event::Framer::Seam seam;
  };

  void advance(bool at_end);
  void note_seam();
  bool is_ready(std::size_t at) const { return at - begin_ >= kPieceBytes; }
  Piece piece(const Cut& cut);
  std::optional<Cut> last_record() const;
  std::string_view window() const;

  event::Framer framer_{event::Framer::Trust::unchecked};
  std::string text_;             // followed by event::kPadding bytes
  std::size_t size_ = 0;         // of the text in text_
  std::size_t window_ = 0;       // where the framer's window begins
  std::size_t begin_ = 0;        // where the next piece begins
  std::string prefix_;           // of the next piece
  std::uint64_t before_ = 0;     // bytes of the stream before text_
  std::size_t opened_ = 0;       // bytes at the front of text_ that are not the stream's
  std::optional<Cut> line_cut_;  // the last place where a line, or an element, ended
  std::optional<Cut> cut_;       // the last place where a record did
  bool stopped_ = false;         // the framer reads no further
  bool told_ = false;            // and a piece has said why
};

}  // namespace tocsin::source
