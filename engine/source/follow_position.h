// The position of a followed path: which texts were read how far, as JSON.
//
// A text is what is read; a file is where it is at the moment. Texts are told apart by their first
// and last bytes (text_marks.h), so that a text is known again whatever happened to its file.
//
// Version 1: {"v":1,"texts":[{"d":device,"i":inode,"s":size,"m":mtime_ns,"o":offset,
// "h":["hex","hex","hex"],"t":"hex","p":"path","c":"open","z":packed,"e":ended,"g":gone since}…],
// "read":"hex, 12 digits a file","w":complete_ms}. Members that are "", 0 or false are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "source/followed_file.h"
#include "source/text_marks.h"

namespace tocsin::source {

struct FollowedText {
  FileState file;    // where it was last, when it was last read
  std::string path;  // of that file
  Marks marks;       // marks.size: how far it was read
  std::string open;  // what a cutter that goes on there begins with
  bool packed = false;
  bool ended = false;              // it was read to its end, without a rest
  std::int64_t gone_since_ms = 0;  // wall clock; 0: there is a file
};

// A version of a file that needs no second look. 48 bits.
std::uint64_t version_hash(const FileState& file);

struct FollowPosition {
  // Positions never get larger; what does not fit is read again after a restart.
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  static constexpr std::size_t kTextBytes = 400'000;  // of texts that are told in full
  static constexpr std::size_t kReadFiles = 50'000;

  std::vector<FollowedText> texts;
  std::unordered_set<std::uint64_t> read;  // version_hash of files that were read to their end
  std::int64_t complete_ms = 0;            // wall clock: what had been written by then is in it
};

// `texts` in order of importance: when there are too many, those at the end that have ended are
// only remembered as read. `complete` is set to false when some are not remembered at all.
std::string encode_position(const std::vector<const FollowedText*>& texts,
                            const std::unordered_set<std::uint64_t>& read, std::int64_t complete_ms,
                            bool& complete);
Result<FollowPosition> decode_position(std::string_view json);

}  // namespace tocsin::source
