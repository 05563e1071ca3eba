// Evaluator: submissions → Findings. One per thread and set of rules; it keeps its memory. An
// Evaluation is one submission under way: a long one is evaluated in parts, so that others need not
// wait for its end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "alert/alert_maker.h"
#include "base/text_buffer.h"
#include "correlate/hit_maker.h"
#include "correlate/presence.h"
#include "event/batch_reader.h"
#include "event/record_reader.h"
#include "metrics/registry.h"
#include "pipeline/event_clock.h"
#include "pipeline/findings.h"
#include "program/match.h"

namespace tocsin::pipeline {

// A submission, how far reading it has come, and what was found so far. Between two parts it may
// move to another evaluator of the same rules. Not thread-safe.
struct Evaluation {
  // Text beyond `inflated_bytes`, everything counted that the submission inflates to, is rejected.
  Evaluation(std::shared_ptr<const Live> rules, source::Submission given,
             std::uint64_t inflated_bytes);

  const std::shared_ptr<const Live> live;
  source::Submission submission;  // unchanged while `reader` reads it
  const std::uint64_t inflated_limit;
  event::RecordReader reader;  // of submission.bytes
  std::uint64_t inflated = 0;
  Findings findings;
  std::unordered_map<store::Key, std::uint32_t, correlate::KeyHasher>
      by_fingerprint;  // → findings.alerts
  // The eventTime of one record in each batch of up to a thousand, in Unix milliseconds.
  std::vector<store::Milliseconds> event_times;
};

class Evaluator : private event::BatchReader::Visitor {
 public:
  explicit Evaluator(std::shared_ptr<const Live> live);

  const Live& live() const { return *live_; }

  // Reads and matches the next part: at least one batch, and batches until `is_enough` or the end.
  // True at the end; the findings are then complete. They do not depend on the parts. Never throws.
  // Precondition: `evaluation` has the same rules.
  bool advance(Evaluation& evaluation, const std::function<bool()>& is_enough);

  // A whole submission at once.
  Findings evaluate(source::Submission submission, std::uint64_t inflated_bytes);

 private:
  bool read(const std::function<bool()>& is_enough);
  void event(event::Event& event, const event::Origin& origin) override;
  void error(event::RecordError error) override;

  void match(event::Event& event);
  void examine(event::Event& event, const event::Origin& origin);
  bool find_hits(event::Event& event, const event::Origin& origin);
  void raise(event::Event& event, const event::Origin& origin);
  void add_firing(program::RuleIndex rule);
  std::string render(const alert::AlertView& view);
  void reject(const Error& error, const event::Origin& origin);
  void raise_unreadable();
  void sample_time();
  correlate::HitBatch& hits();
  void take_heard();
  // Leaves out hits whose time cannot be believed.
  void sift_hits();
  Findings& findings() { return now_->findings; }

  const std::shared_ptr<const Live> live_;
  event::BatchReader reader_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  EventClock clock_;

  std::optional<correlate::HitMaker> hit_maker_;  // nullopt: there are no correlations
  std::optional<correlate::Presence> presence_;

  Evaluation* now_ = nullptr;  // during advance()
  event::Batch batch_;
  std::size_t seen_ = 0;  // events of batch_
  std::vector<program::RuleIndex> fired_;
  TextBuffer line_;
};

}  // namespace tocsin::pipeline
