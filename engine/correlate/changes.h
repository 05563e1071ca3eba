// Changes: what has become of episodes during one call of the correlator, each once.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "correlate/correlator.h"
#include "correlate/group.h"
#include "correlate/judge.h"

namespace tocsin::correlate {

class Changes {
 public:
  struct Touched {
    CorrelationIndex correlation = 0;
    Key group{};
    Episode episode;  // as it is now
    Change::Kind kind = Change::Kind::went_on;
    Key into{};
    std::optional<Window> window;  // of its last firing, once it is known
    bool dropped = false;          // began and was merged in the same call: nobody heard of it
  };

  // `episode` has changed. Without `window` whoever holds the hits adds it before they go. Of
  // several windows that of the last firing stays, or the last that `replaces` what was said
  // before.
  void touch(CorrelationIndex correlation, const Key& group, const Episode& episode, bool is_new,
             const Window* window, bool replaces = false);
  // `gone` is now part of `into`. `finds_windows`: whoever holds the hits adds the window.
  void merge(CorrelationIndex correlation, const Key& group, const Episode& gone,
             const Episode& into, bool finds_windows);
  bool is_new(const Key& episode) const;

  // Those that have no window yet.
  template <class Find>
  void add_windows(Find find) {
    for (const std::size_t index : windowless_) {
      Touched& touched = touched_[index];
      if (!touched.window && !touched.dropped) touched.window = find(touched);
    }
    windowless_.clear();
  }
  bool has_windowless() const { return !windowless_.empty(); }
  // Appends them in the order of their last firings, and is empty again.
  void take(std::vector<Change>& out);

 private:
  Key survivor_of(const Key& into) const;
  Touched& at(CorrelationIndex correlation, const Key& group, const Episode& episode);

  std::vector<Touched> touched_;
  std::unordered_map<Key, std::size_t, KeyHasher> index_;  // by episode
  std::vector<std::size_t> windowless_;
};

}  // namespace tocsin::correlate
