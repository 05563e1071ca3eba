// FinishedInputs: the file of `scan --resume`: the name of each input that was read to its end, one
// a line, percent-encoded. It is written after the alerts, so that a scan that is killed repeats
// some and loses none.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/blake2b.h"
#include "base/result.h"

namespace tocsin::cli {

class FinishedInputs {
 public:
  // Reads what is there and opens the file for more.
  Status open(const std::string& path);
  bool is_open() const { return file_ != nullptr; }

  // Whether an earlier scan finished this input. Thread-safe against add().
  bool contains(const std::string& name) const;
  std::size_t size() const { return known_.size(); }

  // False when it cannot be written.
  bool add(const std::string& name);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::vector<Blake2b::Digest> known_;  // sorted; of when it was opened
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace tocsin::cli
