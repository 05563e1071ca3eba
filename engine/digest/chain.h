// Chain: one chain of digests, from the newest backwards, with the log files that they list. What
// the digests of a place have proven together is in Coverage.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "digest/archive.h"
#include "digest/digest.h"
#include "digest/finding.h"
#include "digest/keyring.h"
#include "digest/layout.h"
#include "digest/verifier.h"
#include "net/crypto.h"

namespace tocsin::digest {

// What proven digests say about a place: the hours that they are of, and the files that they list.
class Coverage {
 public:
  void add(const Digest& digest, bool is_backfill);
  // After the last add(), before the questions.
  void seal();

  // Each moment of [from, to] belongs to the hour of a proven digest.
  bool covers(std::int64_t from, std::int64_t to) const;
  bool lists(const std::string& bucket, const std::string& key) const;
  // The buckets and folders in which digests of the place were found.
  std::set<std::pair<std::string, std::string>> roots;

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> hours_;  // sealed: apart and in order
  std::vector<net::Sha256> files_;  // hashes of names: 32 bytes each, however long they are
};

struct Context {
  Archive& archive;
  KeyRing& keys;
  const Query& query;
  const Report& report;
  const std::atomic<bool>& stop;
};

struct ListedDigest {
  std::string key;
  std::int64_t end;
};

// The digests of a place in the query's time, by chain, each in the order of their hours.
Result<std::map<ChainName, std::vector<ListedDigest>>> list_digests(const Context& context,
                                                                    const Place& place);

class Chain {
 public:
  Chain(const Context& context, Place place, ChainName name, std::vector<ListedDigest> listed,
        Coverage& coverage);

  void walk();

 private:
  // A digest to visit: found in the listing, or named by the one after it.
  struct Step {
    std::string key;
    std::int64_t end;
    std::optional<Link> link{};
    std::optional<Finding> gap{};  // between its hour and the digest after it; not yet reported
  };
  struct Content {
    std::string text;
    net::Sha256 hash;
    bool is_followed;
    std::map<std::string, std::string> metadata;
  };
  template <class T>
  using Checked = tl::expected<T, std::pair<State, std::string>>;  // else: what is wrong with it

  std::optional<Step> visit(const Step& step);
  Checked<Content> read(const Step& step);
  Checked<Digest> check(const Step& step, const Content& content);
  Checked<std::string> find_key(const Digest& digest, const Content& content);
  void verify_files(const Digest& digest);
  Finding verify_file(const ListedFile& file) const;

  std::optional<Step> follow(const Digest& digest);
  std::optional<Step> resume(const Step& broken);
  std::optional<Step> newest_before(std::int64_t end);
  void check_tail(const Step& newest);
  void report(State state, const std::string& key, std::int64_t from, std::int64_t to,
              std::string_view detail) const;
  std::string cause_of_gap(const Digest& before) const;
  Finding finding(State state, bool is_digest, std::string_view detail) const;

  const Context& context_;
  Place place_;
  const ChainName name_;
  std::vector<ListedDigest> listed_;  // what was not visited, the newest last
  std::set<std::string> visited_;     // "bucket/key"
  Coverage& coverage_;
};

}  // namespace tocsin::digest
