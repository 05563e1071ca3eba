// AlertMaker: an event and the rules that it fulfils become alerts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/hash.h"
#include "event/batch.h"
#include "event/event_reader.h"
#include "program/evidence.h"
#include "program/program.h"

namespace tocsin::alert {

// One per thread. The Program must outlive it.
//
// Every alert shows certain fields, whatever the rule: they are read from the record a second time,
// once for all rules that it fulfils.
class AlertMaker {
 public:
  // `clock`: program/work.h.
  explicit AlertMaker(const program::Program& program, program::Work::Clock clock = nullptr);
  ~AlertMaker();
  AlertMaker(const AlertMaker&) = delete;
  AlertMaker& operator=(const AlertMaker&) = delete;

  // `event` was read with the program's fields; `detected_at` is Unix time in milliseconds.
  // `read_shown(reader, out)` reads the same record with `reader` into `out`.
  template <class ReadShown>
  void begin(event::Event& event, const event::Origin& origin, std::int64_t detected_at,
             ReadShown read_shown) {
    read_shown(shown_reader(), shown());
    begin(event, origin, detected_at);
  }
  struct Keys {
    KeyHash id, fingerprint;
  };
  // Those of the alert about the event that was begun and a rule that it fulfils. Cheaper than the
  // alert itself.
  Keys keys(program::RuleIndex rule);
  // That alert. Valid until the next call, and as long as that event.
  const AlertView& view(program::RuleIndex rule);
  // The part that all alerts of this event share: all but rule, keys and evidence.
  const AlertView& shared() const { return view_; }

  // Both, for one rule.
  Alert make(program::RuleIndex rule, event::Event& event, const event::Origin& origin,
             std::int64_t detected_at);

 private:
  struct Shown;  // the fields that every alert shows
  struct Rule {
    std::shared_ptr<const RuleFacts> facts;
    KeyHash key;  // with what stands for the rule in keys
  };

  event::EventReader& shown_reader();
  event::Event& shown();
  void begin(event::Event& event, const event::Origin& origin, std::int64_t detected_at);
  void begin_record(event::Event& event);
  const Rule& rule_of(program::RuleIndex index);

  const program::Program& program_;
  const std::unique_ptr<Shown> shown_;
  std::vector<Rule> rules_;  // by RuleIndex; made when first needed
  program::Evidence evidence_;
  event::Event* event_ = nullptr;

  // The view, and the texts that it points to.
  AlertView view_;
  std::string compact_event_, detected_text_;
  std::int64_t detected_at_ = -1;
  char id_[KeyHash::kDigits], fingerprint_[KeyHash::kDigits];
};

}  // namespace tocsin::alert
