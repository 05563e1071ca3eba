#include "source/record_cutter.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "event/batch.h"

namespace tocsin::source {
namespace {

using event::Framer;

// Text without a place to cut it (nothing but damage) is cut anywhere beyond this.
constexpr std::size_t kForcedBytes = limits::kRecordBytes + 4 * RecordCutter::kPieceBytes;

}  // namespace

RecordCutter::RecordCutter(const std::string& open) : opened_(open.size()) {
  feed(open);
}

void RecordCutter::feed(std::string_view text) {
  // What is in pieces already, and no longer of use to the framer, goes.
  const std::size_t unused = std::min(begin_, window_);
  if (unused != 0 && unused >= opened_ && unused >= size_ / 2) {
    text_.erase(0, unused);
    size_ -= unused;
    begin_ -= unused;
    window_ -= unused;
    before_ += unused - std::exchange(opened_, 0);
    for (auto* cut : {&line_cut_, &cut_}) {
      if (*cut) (*cut)->at -= unused;
    }
  }
  text_.resize(size_);
  text_ += text;
  size_ = text_.size();
  text_.append(event::kPadding, '\0');
  framer_.set_patient(true);
}

std::string_view RecordCutter::window() const {
  return std::string_view(text_).substr(window_, size_ - window_);
}

std::uint64_t RecordCutter::pending() const {
  return size_ - std::max(begin_, opened_);
}

void RecordCutter::note_seam() {
  const auto seam = framer_.seam();
  if (!seam) return;
  const std::size_t at = window_ + seam->at;
  if (at <= std::max(begin_, opened_)) return;
  cut_ = Cut{at, *seam};
  if (seam->context_count != 0 || text_[at - 1] == '\n') line_cut_ = cut_;
}

// Reads on until a piece is full or the text is used up.
void RecordCutter::advance(bool at_end) {
  while (!stopped_ && !(line_cut_ && is_ready(line_cut_->at))) {
    const Framer::Step step = framer_.next(window(), at_end);
    if (step == Framer::Step::end) {
      stopped_ = true;
      return;
    }
    note_seam();
    if (step == Framer::Step::more) {
      const std::size_t unused = framer_.droppable();
      framer_.drop(unused);
      window_ += unused;
      return;
    }
  }
}

// The framer waits for the ends of lines. This looks for the end of the last record as if no more
// text came, and takes nothing on trust.
std::optional<RecordCutter::Cut> RecordCutter::last_record() const {
  std::string rest = prefix_;
  rest.append(text_, begin_, size_ - begin_);
  Framer framer(Framer::Trust::checked);
  std::optional<Cut> last;
  for (;;) {
    const Framer::Step step = framer.next(rest, true);
    if (step != Framer::Step::frame && step != Framer::Step::end) return last;
    const auto seam = framer.seam();
    if (seam && seam->at >= prefix_.size()) {
      const std::size_t at = seam->at - prefix_.size() + begin_;
      if (at > std::max(begin_, opened_)) last = Cut{at, *seam};
    }
    // A log file has no end that shows before its object has closed.
    if (step == Framer::Step::end) return last;
  }
}

std::optional<RecordCutter::Piece> RecordCutter::take(Until until) {
  const bool at_end = until == Until::end;
  if (until != Until::full) framer_.set_patient(false);
  advance(at_end);
  if (line_cut_ && is_ready(line_cut_->at)) return piece(*line_cut_);
  if (at_end || stopped_) {
    if (size_ <= std::max(begin_, opened_)) return std::nullopt;
    Piece rest = piece({size_, {}});
    rest.is_known = std::exchange(told_, stopped_ && !at_end);
    return rest;
  }
  if (until == Until::records) {
    if (const auto cut = cut_ ? cut_ : last_record()) return piece(*cut);
  }
  if (until == Until::lines && line_cut_) return piece(*line_cut_);
  if (cut_ && is_ready(cut_->at)) return piece(*cut_);
  if (window_ - begin_ > kForcedBytes && window_ > begin_) return piece({window_, {}});
  return std::nullopt;
}

RecordCutter::Piece RecordCutter::piece(const Cut& cut) {
  Piece piece;
  piece.bytes = std::exchange(prefix_, cut.seam.open());
  piece.begin = piece.bytes.size() + (begin_ < opened_ ? opened_ - begin_ : 0);
  piece.bytes.append(text_, begin_, cut.at - begin_);
  piece.size = piece.bytes.size() - piece.begin;
  piece.bytes += cut.seam.close();
  piece.consumed = before_ + cut.at - opened_;
  piece.open = prefix_;
  begin_ = cut.at;
  if (cut_ && cut_->at <= begin_) cut_.reset();
  if (line_cut_ && line_cut_->at <= begin_) line_cut_.reset();
  return piece;
}

}  // namespace tocsin::source
