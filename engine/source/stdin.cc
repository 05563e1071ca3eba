#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "event/byte_source.h"
#include "event/gzip.h"
#include "source/record_cutter.h"
#include "source/source.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
// A writer that says nothing for so long has said what it had to say for now.
constexpr int kIdleMs = 200;

class Stdin final : public Source {
 public:
  explicit Stdin(std::string name) : name_(std::move(name)) {}

  Status run(Intake& intake, std::stop_token stop) override {
    auto opened = event::open_file("-");
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    const auto input = event::decompress(std::move(*opened));
    RecordCutter cutter;
    std::string buffer(kReadBytes, '\0');
    while (!stop.stop_requested()) {
      if (input->would_block(kIdleMs)) {
        if (!hand_over(cutter, RecordCutter::Until::records, intake, stop)) return {};
        continue;
      }
      auto got = input->read(buffer.data(), buffer.size());
      if (got && *got != 0) {
        cutter.feed({buffer.data(), *got});
        if (!hand_over(cutter, RecordCutter::Until::full, intake, stop)) return {};
        continue;
      }
      if (!hand_over(cutter, RecordCutter::Until::end, intake, stop)) return {};
      if (got) return {};
      log::error("standard input could not be read to its end",
                 {{"source", name_}, {"error", got.error().message}});
      return tl::unexpected<Error>(std::move(got.error()));
    }
    return {};
  }

 private:
  // False: stopped.
  bool hand_over(RecordCutter& cutter, RecordCutter::Until until, Intake& intake,
                 const std::stop_token& stop) {
    while (auto piece = cutter.take(until)) {
      if (piece->is_known) continue;
      Submission submission;
      submission.source = name_;
      submission.bytes = std::move(piece->bytes);
      submission.received_ms = system_clock().wall_ms();
      if (!submit_surely(intake, submission, stop)) return false;
    }
    return true;
  }

  const std::string name_;
};

}  // namespace

std::unique_ptr<Source> make_stdin(std::string name) {
  return std::make_unique<Stdin>(std::move(name));
}

}  // namespace tocsin::source
