// Source: where events come from. It hands bytes to the pipeline and learns what became of them; it
// may acknowledge them to its sender only after that.
//
// One file in engine/source/ and one line in registry.cc make a source; the recipe is in README.md.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/result.h"
#include "metrics/registry.h"
#include "source/ack_token.h"
#include "source/receipt.h"

namespace tocsin::alert {
struct SelfRule;
}
namespace tocsin::config {
class Settings;
}

namespace tocsin::source {

// Where sources put events: the pipeline. Thread-safe.
class Intake {
 public:
  virtual ~Intake() = default;
  // Never blocks for long: when too much is waiting, the submission is refused at once with
  // Code::busy. The token may be answered before submit() returns.
  virtual void submit(Submission submission, AckToken token) = 0;
  // Waits until there is room for the submission, and then for its receipt. After `stop`, a
  // submission that still waits for room is refused. The body is moved, never copied: one that is
  // refused comes back in the receipt.
  virtual Receipt submit_and_wait(Submission submission, std::stop_token stop) = 0;
  // Keeps what can never be evaluated as it is, for people to examine (`tocsin aside`), and raises
  // an alert with the reason. Like an evaluation, it is answered when that is on disk.
  virtual void set_aside(Submission submission, std::string reason, AckToken token) = 0;
  // Begins a new reading of a source, from its position that was written last. Positions of an
  // earlier reading whose submissions are still under way stay true, and may still be written.
  virtual Result<Reading> resume(const std::string& source) = 0;
};

// What a source may use while it runs.
struct Host {
  Intake& intake;
  const Clock& clock;
  metrics::Registry& metrics;
  // Raises an alert of Tocsin about itself. Alerts about the same thing are one group; two about
  // the same thing and moment are one.
  std::function<void(const alert::SelfRule& rule, const std::string& about,
                     const std::string& moment, const std::string& detail)>
      raise;
};

class Source {
 public:
  virtual ~Source() = default;
  // Runs until the input ends (then returns success) or `stop` (within a second). An error: the
  // source cannot go on; it is run again after a while. In a thread of its own; only `host` and
  // what the constructor was given is used. Never runs twice at a time.
  virtual Status run(Host& host, std::stop_token stop) = 0;
  // Adds members to the source's object in the status of the API. From any thread.
  virtual void write_status(JsonWriter&) const {}
};

struct SourceEntry {
  std::string_view type;  // in `type:` of a source
  std::string_view help;  // one line
  bool is_single;         // there can be only one source of this type
  // Reads the settings of its own, other than `name` and `type`. Problems are reported there;
  // nullptr when there are any. Opens nothing: a configuration is also read only to be checked.
  std::unique_ptr<Source> (*make)(const std::string& name, config::Settings& settings);
};

// Every source but the HTTP service, which is a server's part (http_ingest.h). In registry.cc.
std::span<const SourceEntry> sources();
// nullptr: there is no such type.
const SourceEntry* find_source(std::string_view type);

}  // namespace tocsin::source
