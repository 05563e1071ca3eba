// Source `stdin`: standard input, until it ends. It is not read again after a restart.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "event/byte_source.h"
#include "event/gzip.h"
#include "source/record_cutter.h"
#include "source/source.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

constexpr std::size_t kStdinReadBytes = std::size_t{256} << 10;
// A writer that says nothing for so long has said what it had to say for now.
constexpr int kIdleMs = 200;

using Until = RecordCutter::Until;

class Stdin final : public Source {
 public:
  explicit Stdin(std::string name) : name_(std::move(name)) {}

  Status run(Host& host, std::stop_token stop) override {
    auto opened = event::open_file("-");
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    const auto input = event::decompress(std::move(*opened));
    RecordCutter cutter;
    std::string buffer(kStdinReadBytes, '\0');
    while (!stop.stop_requested()) {
      if (input->would_block(kIdleMs)) {
        if (Status done = hand_over(cutter, Until::records, host, stop); !done) return done;
        continue;
      }
      auto got = input->read(buffer.data(), buffer.size());
      if (got && *got != 0) {
        cutter.feed({buffer.data(), *got});
        if (Status done = hand_over(cutter, Until::full, host, stop); !done) return done;
        continue;
      }
      if (Status done = hand_over(cutter, Until::end, host, stop); !done) return done;
      if (got) return {};
      return fail(got.error().code,
                  fmt::format("standard input cannot be read: {}", got.error().message));
    }
    return {};
  }

 private:
  Status hand_over(RecordCutter& cutter, Until until, Host& host, const std::stop_token& stop) {
    while (auto piece = cutter.take(until)) {
      if (piece->is_known) continue;
      Submission submission;
      submission.source = name_;
      submission.bytes = std::move(piece->bytes);
      submission.received_ms = host.clock.wall_ms();
      Status done = submit_surely(host.intake, std::move(submission), stop);
      if (!done) return stop.stop_requested() ? Status() : done;
    }
    return {};
  }

  const std::string name_;
};

}  // namespace

SourceEntry entry_standard_input() {
  return {"stdin", "standard input, until it ends", true,
          [](const std::string& name, config::Settings&) -> std::unique_ptr<Source> {
            return std::make_unique<Stdin>(name);
          }};
}

}  // namespace tocsin::source
