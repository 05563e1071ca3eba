// Reading on in a file whose text is known.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "source/follower.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

constexpr std::size_t kFileReadBytes = std::size_t{256} << 10;
// Of one plain file, before the others have their turn.
constexpr std::uint64_t kTurnBytes = std::uint64_t{16} << 20;
// A position up to this size goes with every submission; larger ones go with so many times their
// size of events.
constexpr std::size_t kSmallPosition = 4096;
constexpr std::size_t kPositionShare = 4;

using Until = RecordCutter::Until;

}  // namespace

Follower::Level Follower::due(const File& file, const Text& text) const {
  const std::int64_t idle = idle_ms(file);
  if (idle >= options_.abandon_ms) return Level::all;
  if (idle >= options_.settle_ms) {
    return file.version.is_linked ? Level::records : Level::all;
  }
  return text.packed ? Level::none : Level::lines;
}

void Follower::read_on(File& file, const Found& found) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (file.is_copy && texts_.at(file.text).file.id != file.version.id) {
      if (is_still_copy(file, found)) return;  // its original is read
      file.text = 0;
      file.is_copy = false;
      file.level = Level::none;
      if (!identify(file, found) || file.is_copy) return;
    }
    const Key key = file.text;
    Text& text = texts_.at(key);
    const Level level = due(file, text);
    if (level <= file.level) return;
    if (!text.packed && file.level != Level::none && text.marks.size == file.version.size) {
      text.ended = true;
      text.file = file.version;
      file.level = Level::all;
      return;
    }
    const bool use_held = text.held && text.file.id == file.version.id;
    std::optional<FollowedFile> opened;
    if (!use_held) {
      auto file_here = open(found.path);
      if (!file_here) {
        if (file_here.error().code != Code::not_found)
          complain(found.path, file_here.error().message);
        return;
      }
      const auto state = file_here->state();
      if (!state || state->id != file.version.id) return;  // replaced just now
      opened = std::move(*file_here);
    }
    const Outcome outcome = read(text, file, use_held ? *text.held : *opened, level);
    if (outcome == Outcome::done || outcome == Outcome::more) {
      complaints_.erase(found.path);
      if (opened && !text.packed) hold(key, std::move(*opened));
    }
    more_ = more_ || outcome == Outcome::more;
    stopped_ = stopped_ || outcome == Outcome::stopped;
    if (outcome != Outcome::replaced) return;

    if (text.file.size > text.marks.size && !text.packed && file.version.size < text.file.size) {
      log::warning("a followed file was truncated or replaced before it was read to its end",
                   {{"source", options_.name},
                    {"path", found.path},
                    {"unread_bytes", text.file.size - text.marks.size}});
    }
    lose(key);
    promote_copies();
    file.text = 0;
    file.was = key;
    file.was_at = text.read_path;
    file.is_copy = false;
    file.level = Level::none;
    file.since_ms = now_ms_;
    if (!identify(file, found)) return;
  }
}

// Makes sure that the file still holds the text, and goes on from where it was read to.
Follower::Outcome Follower::read(Text& text, File& file, const FollowedFile& opened, Level level) {
  const std::uint64_t offset = text.marks.size;
  if (text.packed) {
    const auto input = opened.text(true);
    auto marker = skip_to(*input, offset);
    if (marker && !*marker && file.is_copy) {
      file.level = Level::all;  // from before the rest was read elsewhere
      return Outcome::done;
    }
    if (marker && (!*marker || (*marker)->marks() != text.marks)) return Outcome::replaced;
    if (marker) return read_text(text, file, opened, level, *input, std::move(**marker));
    if (offset != 0 && level != Level::all) {
      file.level = level;  // damaged before where it was read to: it may still be written
      return Outcome::done;
    }
    return offset == 0 ? read_text(text, file, opened, level, *input, Marker()) : Outcome::replaced;
  }
  if (file.version.size < offset) {
    if (!file.is_copy) return Outcome::replaced;
    file.level = level;  // a copy from before the rest was read elsewhere
    return Outcome::done;
  }
  auto marker = opened.marker_at(offset);
  if (!marker) {
    complain(opened.path(), marker.error().message);
    return Outcome::failed;
  }
  if (!*marker || (*marker)->marks() != text.marks) return Outcome::replaced;
  const auto input = opened.text(false, offset);
  return read_text(text, file, opened, level, *input, std::move(**marker));
}

Follower::Outcome Follower::read_text(Text& text, File& file, const FollowedFile& opened,
                                      Level level, event::ByteSource& input, Marker marker) {
  text.ended = false;
  text.read_path = opened.path();
  RecordCutter cutter(text.open);
  std::string buffer(kFileReadBytes, '\0');
  const std::uint64_t start = text.marks.size;
  std::uint64_t taken = 0;
  std::optional<Error> damage;
  for (;;) {
    const auto got = input.read(buffer.data(), buffer.size());
    if (!got) damage = got.error();
    if (!got || *got == 0) break;
    taken += *got;
    cutter.feed({buffer.data(), *got});
    if (!hand_over(text, marker, cutter, Until::full)) return Outcome::stopped;
    if (!text.packed && taken >= kTurnBytes && text.marks.size > start) return Outcome::more;
  }
  if (damage && (!text.packed || damage->code == Code::io)) {
    complain(opened.path(), damage->message);
    return Outcome::failed;
  }
  const bool is_supported = !damage || damage->code != Code::unsupported;
  Until until = level == Level::lines ? Until::lines : Until::records;
  if (level == Level::all || (text.packed && !damage)) until = Until::end;
  if (!hand_over(text, marker, cutter, until)) return Outcome::stopped;
  text.file = file.version;
  const bool is_over = !damage || !is_supported || level == Level::all;
  text.ended = is_over && cutter.pending() == 0;
  file.level = text.ended ? Level::all : level;
  if (text.ended && text.packed) unsaved_ = true;
  if (!damage) return Outcome::done;
  if (!is_supported) {
    complain(opened.path(), damage->message);
  } else if (is_over) {
    log::error("a followed file is damaged",
               {{"source", options_.name}, {"path", opened.path()}, {"error", damage->message}});
    // What cannot be read is counted and told of as any text is that is no record.
    const std::string notice =
        fmt::format("{}: {}\n", text::printable(opened.path()), damage->message);
    if (!submit(notice, true)) return Outcome::stopped;
  }
  return Outcome::done;
}

// --- to the pipeline -----------------------------------------------------------------------------

bool Follower::hand_over(Text& text, Marker& marker, RecordCutter& cutter, Until until) {
  while (auto piece = cutter.take(until)) {
    const Marks marks = text.marks;
    const std::string open = text.open;
    marker.feed(piece->text());
    text.marks = marker.marks();
    text.open = piece->open;
    unsaved_ = true;
    if (piece->is_known) continue;
    const bool with_position =
        position_bytes_ <= kSmallPosition ||
        bytes_since_position_ + piece->bytes.size() >= kPositionShare * position_bytes_;
    if (!submit(std::move(piece->bytes), with_position)) {
      text.marks = marks;
      text.open = open;
      return false;
    }
  }
  return true;
}

// False: stopped, and nothing of it is promised.
bool Follower::submit(std::string bytes, bool with_position) {
  Submission submission;
  submission.source = options_.name;
  submission.bytes = std::move(bytes);
  submission.received_ms = clock_.wall_ms();
  submission.place = reading_.next(with_position ? position() : std::string());
  const std::size_t size = submission.bytes.size();
  const std::size_t position_size = submission.place.position.size();
  if (Status done = submit_surely(intake_, std::move(submission), stop_); !done) {
    stopped_ = true;
    if (!stop_.stop_requested()) lost_ = std::move(done);
    return false;
  }
  bytes_since_position_ += size;
  if (with_position) {
    position_bytes_ = position_size;
    bytes_since_position_ = 0;
    unsaved_ = false;
  }
  return true;
}

// Texts that are still read first, then the newest.
std::string Follower::position() {
  std::vector<const FollowedText*> texts, ended;
  for (auto entry = texts_.rbegin(); entry != texts_.rend(); ++entry) {
    (entry->second.ended ? ended : texts).push_back(&entry->second);
  }
  texts.insert(texts.end(), ended.begin(), ended.end());
  bool complete = true;
  std::string position = encode_position(texts, read_versions_, complete_ms_, complete);
  if (!complete) {
    log::warning("more files are followed than can be remembered; move away what was read",
                 {{"source", options_.name}});
  }
  return position;
}

}  // namespace tocsin::source
