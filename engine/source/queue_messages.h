// QueueMessages: the messages of a queue that were received and are not finished, and what is due
// for each. Thread-safe; no input or output: others ask what is due, do it, and say how it went.
//
//   received → its parts are evaluated ┬ all are committed ──────► delete ──► gone
//                                      ├ one cannot be read now ─► let go: it comes again
//                                      └ one never can be ───────► reject: at once visible, so that
//                                        it reaches the dead-letter queue soon; or kept, then
//                                        deleted
//
// Nothing but "all are committed" (or kept) leads to delete. Until it is finished, a message is
// kept invisible: its visibility is extended at half of its timeout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace tocsin::source {

class QueueMessages {
 public:
  // SQS lets a message be in flight for 12 hours. A little less is ours.
  static constexpr std::int64_t kLongestMs = (12LL * 60 - 10) * 60'000;
  // An extension that failed is tried again after so long.
  static constexpr std::int64_t kRetryMs = 500;

  // How a part of a message ended, from good to bad: the worst one decides.
  enum class End : std::uint8_t {
    committed,
    never,  // it can never be read
    later,  // it cannot be read now
  };
  enum class Decision : std::uint8_t { none, remove, keep, reject, let_go };

  struct Options {
    std::int64_t visibility_ms = 30'000;  // of the queue
    bool removes = true;                  // false: what is done is let go
    bool keeps = false;                   // what can never be read is kept, not rejected
    int max_receives = 0;                 // of the redrive policy; 0: there is none
  };
  struct Handle {
    std::string id, handle;
  };

  explicit QueueMessages(const Options& options) : options_(options) {}

  // A message with `parts` was received. False: it is in flight already, and only its newer handle
  // was taken. Times are steady milliseconds, `sent_ms` is wall clock.
  bool add(const std::string& id, std::string handle, std::size_t parts, int receives,
           std::int64_t sent_ms, std::int64_t now);
  // A part has ended. Decides when it was the last one: for keep, the caller keeps the message and
  // calls kept(); the others are carried out by who asks what is due.
  Decision ended(const std::string& id, End end);
  // The message was kept (then it is deleted), or could not be.
  void kept(const std::string& id, bool is_kept);

  // Messages whose visibility has to be extended now.
  std::vector<Handle> to_extend(std::int64_t now);
  void extended(const std::string& id, std::int64_t now);
  // False: it is finished.
  bool not_extended(const std::string& id, bool is_in_flight, std::int64_t now);
  // When the next extension is due; nullopt: none.
  std::optional<std::int64_t> next_extension() const;

  // Messages to delete, and those to make visible at once: each once. They are gone from here; what
  // cannot be deleted comes again, and its events are known by their ids.
  std::vector<Handle> take_removals(std::size_t most);
  std::vector<Handle> take_rejections();
  // All that are not finished, to be made visible at once: it is over.
  std::vector<Handle> take_rest();

  std::size_t size() const;
  std::size_t removals() const;
  std::size_t rejections() const;
  // When the oldest message was sent; 0: there is none.
  std::int64_t oldest_sent_ms() const;

 private:
  struct Message {
    std::string handle;
    std::size_t parts = 0;  // that have not ended
    End worst = End::committed;
    int receives = 0;
    std::int64_t sent_ms = 0;
    std::int64_t received = 0, extend_at = 0;
    bool is_lost = false;  // it is visible again, whatever we do
  };

  Decision decide(const std::string& id, const Message& message) REQUIRES(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  std::map<std::string, Message> messages_ GUARDED_BY(mutex_);
  std::vector<Handle> removals_ GUARDED_BY(mutex_), rejections_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::source
