// Positions: which submissions a transaction finishes, and the positions of sources that it may
// therefore write (source/sequence.h). Used by the committer's thread, once for each transaction.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "pipeline/findings.h"
#include "store/store.h"

namespace tocsin::pipeline {

class Positions {
 public:
  // With the transaction, the submission is done.
  void add(const Findings& findings);
  // There is a position to write.
  bool must_be_written() const;
  Status write(store::Transaction& transaction) const;
  // What was added is done: the transaction is committed, or there was nothing to write.
  void committed();

 private:
  struct Finished {
    std::string source;
    source::Sequence::Done done;
  };
  std::map<std::shared_ptr<source::Sequence>, Finished> by_sequence_;
};

}  // namespace tocsin::pipeline
