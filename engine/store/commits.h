// Commits: numbers what is committed, in the database with each transaction and then in the witness
// (store/witness.h); and says at the start whether the database is all that was promised.
// Used under the writer's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/database.h"
#include "store/folder.h"
#include "store/witness.h"

namespace tocsin::store {

// The name of Store::value() that says which loss was accepted last.
inline constexpr char kAcceptedLoss[] = "accepted_loss";

// The last commit in the database; zeros when it has none, or an older format.
Result<Mark> mark_of(Database& database);

// What is missing, as a sentence; nullopt: nothing is. `database`: nullopt when there is none yet.
std::optional<std::string> find_loss(const Folder& folder, const Witness::Reading& witness,
                                     const std::optional<Mark>& database);
// The error of a store that has lost something: it, and what to do.
Error loss_error(const Folder& folder, const std::string& loss);

// Makes `database` go on where the witness was, in one transaction that keeps `loss` as
// kAcceptedLoss. A kill before its end leaves the loss to be accepted again; after it, the database
// is ahead of the witness, which is no loss.
Status accept_loss(Database& database, const Witness::Reading& witness, const std::string& loss);

class Commits {
 public:
  // The service: from now on commits are witnessed.
  Status open_witness(Database& database, const Folder& folder, const std::string& vfs);

  // At the end of a transaction: gives it a number, unless it changes nothing.
  Status save(Database& database);
  // After COMMIT. `durable`: the witness is on disk when this returns.
  Status committed(bool durable);
  void rolled_back() { next_.reset(); }

 private:
  std::unique_ptr<Witness> witness_;  // null: beside a service, which does it with its next commit
  Key store_{};
  std::optional<Mark> next_;  // of the transaction, once it has a number
};

}  // namespace tocsin::store
