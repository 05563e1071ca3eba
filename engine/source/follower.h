// Follower: reads what is new in files, pass by pass. One thread.
//
// It follows texts, not names (follow_position.h). In each pass it looks where the texts that it
// knows are now (renamed, moved aside, held open though deleted), asks of every other file whether
// it is one of them (copied, compressed, put in place again) or something new, and reads on.
//
//   plain file       whole lines as they come; the last record without the end of its line once the
//                    file has settled; a rest that is no record when the file is abandoned or gone
//   compressed file  once it has settled; what is behind damage is told of when it is abandoned
//
// A file whose text is not the one that was read from it any more (truncated, overwritten) begins
// anew. Whatever may be a text that was read, and cannot be told yet, is left for a while; when it
// stays undecided, it is read: told twice rather than not at all. For the same reason a text is
// only known again by kLeastBytes or more, in a file whose name begins as its own did.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "source/follow_position.h"
#include "source/followed_file.h"
#include "source/record_cutter.h"
#include "source/source.h"

namespace tocsin::source {

struct FollowOptions {
  std::string name;
  std::string path;       // a file, a folder (new files in it, recursive), or a glob
  bool from_end = false;  // of files that are there when it starts for the first time
  std::int64_t poll_ms = 500;
  // A file that has not changed for so long is read like a whole one: compressed, or its last
  // record without the end of its line.
  std::int64_t settle_ms = 2'000;
  // The same for a rest that is no record yet: it is submitted as what it is, and counted as
  // unreadable.
  std::int64_t abandon_ms = 600'000;
};

class Follower {
 public:
  // All must outlive it.
  Follower(FollowOptions options, Intake& intake, const Clock& clock);

  // Takes up the saved position. Code::busy and such: try again. A position that cannot be
  // understood is logged, and everything is read from the beginning.
  Status restore();

  // Reads what there is. True: there is more to read at once. Error: the pipeline has lost a
  // submission, and only a new Follower can go on.
  Result<bool> pass(std::stop_token stop);

 private:
  using Key = std::uint64_t;  // of a text; 0: none
  static constexpr std::int64_t kNever = -1;

  struct Text : FollowedText {
    std::optional<FollowedFile> held;  // so that it can be read on when its name is gone
    std::string read_path;             // under which it was read last
    std::uint64_t pass = 0;            // in which its file was found last
    bool is_listed = true;             // its file was found by the path that is followed
  };
  // How far this version of a file has been dealt with.
  enum class Level : std::uint8_t { none, lines, records, all };
  struct File {
    FileState version;
    Key text = 0;
    bool packed = false;         // when it was identified
    bool is_copy = false;        // of a text that is read elsewhere as long as it can be
    std::uint64_t compared = 0;  // how far that had been read when they were compared
    Key was = 0;                 // the text that was in it before
    std::string was_at;          // and had been read under this name
    bool is_ignored = false;     // this version: it holds what was read
    Level level = Level::none;
    std::int64_t since_ms = 0;    // steady: when it was seen first
    std::int64_t changed_ms = 0;  // steady
    std::uint64_t pass = 0;       // in which it was visited last
  };
  struct Found {
    std::string path;
    FileState state;
    bool is_listed = true;
    bool may_begin = true;  // a text that is not known is read
  };
  enum class Outcome : std::uint8_t { done, more, replaced, failed, stopped };
  enum class Verdict : std::uint8_t { same, beginning, undecided, different };

  // follower.cc
  std::vector<Found> find_files();
  void locate(std::vector<Found>& found);
  const std::vector<std::string>& beside(const std::string& path);
  Found unlisted(const std::string& path, const FileState& state) const;
  bool find_moved(Key key, std::vector<Found>& found);
  void find_gone(const std::set<FileId>& known, std::vector<Found>& found);
  void find_rotated(const std::set<FileId>& known, std::vector<Found>& found);
  void lose(Key key);
  void drop(Key key);
  void promote_copies();
  void forget();
  void visit(const Found& found);
  void read_held();
  void complain(const std::string& path, const std::string& message);
  void hold(Key key, FollowedFile file);
  Result<FollowedFile> open(const std::string& path) const;
  void set_path(Key key, const std::string& path);
  std::int64_t idle_ms(const File& file) const { return now_ms_ - file.changed_ms; }
  bool is_present(const Text& text) const { return text.gone_since_ms == 0; }

  // follower_identify.cc
  bool identify(File& file, const Found& found);
  Verdict compare(const FollowedFile& file, bool packed, const Head& head, const File& version,
                  const Text& text) const;
  void begin_text(File& file, const Found& found, const FollowedFile& opened, bool packed);
  std::vector<Key> candidates(const std::string& path) const;

  // follower_read.cc
  Level due(const File& file, const Text& text) const;
  void read_on(File& file, const Found& found);
  bool is_still_copy(File& file, const Found& found);
  Outcome read(Text& text, File& file, const FollowedFile& opened, Level level);
  Outcome read_text(Text& text, File& file, const FollowedFile& opened, Level level,
                    event::ByteSource& input, Marker marker);
  bool hand_over(Text& text, Marker& marker, RecordCutter& cutter, RecordCutter::Until until);
  bool submit(std::string bytes, bool with_position);
  std::string position();

  const FollowOptions options_;
  Intake& intake_;
  const Clock& clock_;

  std::map<Key, Text> texts_;
  Key last_key_ = 0;
  std::unordered_map<std::string, std::set<Key>> by_stem_;
  std::map<FileId, File> files_;
  std::unordered_set<std::uint64_t> read_versions_;  // of files that were read and have no text
  std::unordered_set<std::uint64_t> read_seen_;      // those of this pass
  std::deque<Key> held_;
  std::map<std::string, std::vector<std::string>> folders_;  // of this pass: what is in them
  std::set<std::string> names_;  // of this pass: under which files are followed; none of folders
  std::map<std::string, std::string> complaints_;

  Reading reading_;
  std::stop_token stop_;  // of the pass
  std::uint64_t pass_ = 0;
  std::int64_t now_ms_ = 0;  // steady, of the pass
  std::int64_t searched_ms_ = kNever;
  std::int64_t complete_ms_ = 0;  // wall: what had been written by then is read, or known
  bool is_first_ = false;         // nothing was saved, and this is the first pass
  bool complete_ = false;         // of the pass: everything could be looked at
  bool is_folder_ = false;        // of the pass
  std::string root_;              // of the pass (Listing::root)
  bool waits_ = false;            // of the pass: a file that is not listed may have to be read
  bool more_ = false;
  bool stopped_ = false;
  Status lost_;  // an error: a submission was lost

  bool unsaved_ = false;  // something was read since the position was handed over
  std::size_t position_bytes_ = 0;
  std::size_t bytes_since_position_ = 0;
};

}  // namespace tocsin::source
