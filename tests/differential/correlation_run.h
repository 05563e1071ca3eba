// The engine's correlator, run as the service runs it: hits are kept as it asks for, restarts begin
// with what was kept, and every promise about what it gives back is checked on the way.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "correlate/correlator.h"
#include "correlate/map_memory.h"
#include "differential/correlation_rules.h"
#include "differential/reference/correlator.h"

namespace tocsin::differential {

// Of an event: its name, padded with zeros.
correlate::Key event_key(const std::string& event);

class CorrelationRun {
 public:
  // `rules` must outlive this.
  explicit CorrelationRun(const CorrelationRules& rules, const correlate::Limits& limits = {});

  // Of those that come too late, nothing must be seen.
  void add(const std::vector<const reference::PlainHit*>& hits);
  void advance(reference::Time watermark);
  // Decides everything; then nothing must be left.
  void finish();
  // `seed` decides in which order what was kept is given back, or, when it is even, that the state
  // is handed over as by a reload.
  void restart(std::uint64_t seed);

  // As it stands, sorted like the reference's.
  std::vector<reference::Episode> episodes() const;
  // The hits that came in time, each once.
  const std::vector<reference::PlainHit>& taken() const { return taken_; }
  // Broken promises.
  const std::vector<std::string>& complaints() const { return complaints_; }
  const std::vector<correlate::Change>& last_changes() const { return output_.changes; }
  correlate::Correlator& correlator() { return *correlator_; }
  // What a HitRef stands for: the event's name; "" of a firing.
  const std::string& event_of(correlate::HitRef ref) const { return events_.at(ref); }

 private:
  struct Told {
    correlate::Change change;
    bool ended = false;
  };
  struct Kept {
    correlate::HitRef ref = 0;
    correlate::Time until = 0;
    std::size_t index = 0;  // in kept_hits_
  };

  void add_hit(const reference::PlainHit& hit, correlate::HitBatch& batch);
  void add_heard(const std::vector<const reference::PlainHit*>& hits, correlate::HitBatch& batch);
  void take_output(const correlate::HitBatch& hits);
  void keep(const correlate::Hit& hit, correlate::HitRef ref);
  void follow(const correlate::Change& change);
  void check_evidence(const correlate::Change& change);
  // What the reference makes of a hit.
  reference::Sighting sighting_of(const correlate::Hit& hit);
  void take_ended();
  void remember_groups(const reference::PlainHit& hit);
  void expect(bool promise, const std::string& otherwise);

  const CorrelationRules& rules_;
  const correlate::Limits limits_;
  const std::vector<reference::Description> descriptions_;
  correlate::MapMemory memory_;  // survives a restart without more ado
  std::unique_ptr<correlate::Correlator> correlator_;
  correlate::Output output_;

  std::map<std::string, std::uint32_t> by_title_;
  std::map<correlate::Key, reference::Texts> groups_;
  std::vector<std::string> events_;  // by HitRef
  std::deque<reference::Fields> fields_;
  std::vector<reference::Sighting> sightings_;  // by HitRef
  correlate::HitBatch kept_hits_;
  std::vector<Kept> kept_;
  std::map<correlate::Key, Told> told_;  // by episode
  std::vector<reference::PlainHit> taken_;
  std::set<std::pair<std::string, std::string>> known_hits_;  // rule and event of those
  std::vector<std::string> complaints_;
};

}  // namespace tocsin::differential
