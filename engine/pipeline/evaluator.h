// Evaluator: bytes → Findings. One per thread and set of rules; it keeps its memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

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

class Evaluator : private event::BatchReader::Visitor {
 public:
  // What is beyond `inflated_bytes` of a submission's text is rejected.
  Evaluator(std::shared_ptr<const Live> live, std::uint64_t inflated_bytes);

  const Live& live() const { return *live_; }

  // Reads and matches everything in `submission`. Never throws.
  Findings evaluate(const source::Submission& submission);

  // Of the last submission: the eventTime of one record in each batch of up to a thousand, in Unix
  // milliseconds.
  const std::vector<store::Milliseconds>& event_times() const { return event_times_; }

 private:
  struct KeyHasher {
    std::size_t operator()(const store::Key& key) const;
  };

  void read(std::string_view bytes);
  void event(event::Event& event, const event::Origin& origin) override;
  void error(event::RecordError error) override;

  void match(event::Event& event);
  void examine(event::Event& event, const event::Origin& origin);
  bool find_hits(event::Event& event, const event::Origin& origin);
  void raise(event::Event& event, const event::Origin& origin);
  void add_firing(program::RuleIndex rule);
  std::string render(const alert::AlertView& view);
  void reject(const Error& error, const event::Origin& origin);
  void sample_time();
  correlate::HitBatch& hits();
  void take_heard();
  // Leaves out hits whose time cannot be believed.
  void sift_hits();

  const std::shared_ptr<const Live> live_;
  const std::uint64_t inflated_bytes_;
  event::BatchReader reader_;
  program::Matching matching_;
  alert::AlertMaker alerts_;
  EventClock clock_;

  std::optional<correlate::HitMaker> hit_maker_;  // nullopt: there are no correlations
  std::optional<correlate::Presence> presence_;

  event::Batch batch_;
  std::size_t seen_ = 0;  // events of batch_
  std::vector<store::Milliseconds> event_times_;

  const source::Submission* submission_ = nullptr;
  Findings findings_;
  std::unordered_map<store::Key, std::uint32_t, KeyHasher> by_fingerprint_;
  std::vector<program::RuleIndex> fired_;
  TextBuffer line_;
  std::string digest_;  // of the submission's bytes; made when first needed
};

}  // namespace tocsin::pipeline
