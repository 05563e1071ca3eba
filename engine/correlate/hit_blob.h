// Hits as they are kept on disk: a blob that explains itself. It names their finders by what they
// mean and fields by their paths, so that it can be read after the rules have changed: what is not
// there any more is skipped. Damage is an error.
//
//   "TCH1"
//   head: fields (number of them, then their paths), finders (number of them, then of each its key,
//         id and title), number of hits
//   each hit: index, finder, time, time - since, event (16 bytes), fields, evidence
//
// The head and each hit have their size before them and a checksum of four bytes at their end,
// which the size counts. Numbers and texts are as in packing.h; in the fields of hits, slots are
// numbers of the head's fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "correlate/correlations.h"
#include "correlate/hit.h"

namespace tocsin::correlate {

class BlobWriter {
 public:
  // The correlations that the hits were found for; they must outlive it.
  explicit BlobWriter(const Correlations& correlations) : correlations_(correlations) {}

  // Adds hits[i] as number `first` + i. Without `keep` all of them; otherwise those that it names.
  void add(const HitBatch& hits, std::uint32_t first, const std::vector<bool>* keep = nullptr);
  bool empty() const { return count_ == 0; }
  std::string finish() const;

 private:
  void add_hit(const Hit& hit, std::uint32_t index);
  std::uint64_t field(Slot slot);
  std::uint64_t finder(std::uint32_t rule);

  const Correlations& correlations_;
  std::vector<Slot> fields_;
  std::unordered_map<Slot, std::uint64_t> field_numbers_;
  std::vector<std::uint32_t> finders_;
  std::unordered_map<std::uint32_t, std::uint64_t> finder_numbers_;
  std::string hit_, packed_, hits_;  // the first two: scratch
  std::uint64_t count_ = 0;
};

struct KeptHits {
  HitBatch hits;
  std::vector<std::uint32_t> index;  // of each: the number that it was added as
};
// The hits whose finders `correlations` has, with the fields that it reads.
Result<KeptHits> read_blob(std::string_view blob, const Correlations& correlations);

// One hit, whatever has become of its finder.
struct KeptHit {
  std::string finder_id, finder_title;
  Time time = 0;
  Evidence evidence;
  // The fields that the event has; each with its values.
  std::vector<std::pair<std::string, std::vector<std::string>>> fields;
};
// nullopt when no hit was added as `index`. The rest of the blob may be damaged.
Result<std::optional<KeptHit>> read_hit(std::string_view blob, std::uint32_t index);

}  // namespace tocsin::correlate
