// HitSpool: the hits of a scan, sorted by their times, whatever their number: beyond a little
// memory they are in a temporary file, which nobody can see and which goes with the process.
//
// First all hits are added, then they are read, once, in the order of time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "correlate/hit.h"

namespace tocsin::pipeline {

class HitSpool {
 public:
  struct Options {
    std::size_t text_bytes = std::size_t{32} << 20;  // in memory
    std::size_t run_hits = std::size_t{1} << 19;     // sorted in memory
  };
  // Where the text of a hit is.
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };
  struct Sorted {
    correlate::HitBatch hits;
    std::vector<Place> places;
  };

  HitSpool();
  explicit HitSpool(const Options& options);
  ~HitSpool();
  HitSpool(const HitSpool&) = delete;
  HitSpool& operator=(const HitSpool&) = delete;

  Status add(const correlate::HitBatch& hits);
  std::uint64_t size() const { return size_; }

  // After the last add(): at most `limit` hits, none before those read so far. Empty: that was all.
  Status read(std::size_t limit, Sorted& out);
  // A hit as it was added; views into `text`.
  Result<correlate::Hit> hit(const Place& place, std::string& text) const;
  // Keeps one more hit for hit().
  Result<Place> keep(const correlate::Hit& hit);

 private:
  struct Item {
    correlate::Time time = 0;
    Place place;
  };
  struct Run;
  class File;

  // Appends the text of a hit.
  Result<Place> append(const correlate::Hit& hit);
  Result<Place> append_to_file(const correlate::Hit& hit);
  Status move_to_file();
  Status end_run();
  Status begin_reading();

  const Options options_;
  struct Free {
    void operator()(char* block) const { std::free(block); }
  };
  using Block = std::unique_ptr<char, Free>;
  static Block make_block();

  // As long as they fit, texts are in blocks, none in two; afterwards in a file.
  std::vector<Block> blocks_;
  std::size_t block_used_ = 0;  // of the last
  std::unique_ptr<File> file_;
  std::string text_;         // scratch
  std::vector<Item> items_;  // of the run that is being collected
  std::vector<std::unique_ptr<Run>> runs_;
  std::unique_ptr<File> run_file_;
  std::uint64_t size_ = 0;
  bool reading_ = false;
};

}  // namespace tocsin::pipeline
