#include "source/object_reader.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/text.h"
#include "event/gzip.h"
#include "source/record_cutter.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

constexpr std::size_t kObjectReadBytes = std::size_t{256} << 10;

using Until = RecordCutter::Until;

std::string name_of(const aws::ObjectName& object) {
  return text::printable(fmt::format("s3://{}/{}", object.bucket, object.key));
}

}  // namespace

ObjectEnd end_of(const aws::Failure& failure) {
  ObjectEnd::Kind kind = ObjectEnd::Kind::transient;
  switch (failure.kind) {
    case aws::Kind::denied:
    case aws::Kind::kms:
    case aws::Kind::credentials:
      kind = ObjectEnd::Kind::permission;
      break;
    case aws::Kind::not_found:
    case aws::Kind::archived:
    case aws::Kind::invalid:
      kind = ObjectEnd::Kind::gone;
      break;
    case aws::Kind::stopped:
      kind = ObjectEnd::Kind::stopped;
      break;
    default:
      break;
  }
  return {kind, std::string(aws::name(failure.kind)), failure.message};
}

// One object under way.
class ObjectReader::Reading {
 public:
  Reading(const ObjectReader& reader, const aws::ObjectName& object, const std::stop_token& token)
      : reader_(reader), object_(object), token_(token) {}

  ObjectEnd run(aws::S3Object& object, event::ByteSource& text) {
    std::string buffer(kObjectReadBytes, '\0');
    for (;;) {
      const Result<std::size_t> got = text.read(buffer.data(), buffer.size());
      if (!got && object.failure()) return end_of(*object.failure());
      if (!got || *got == 0) {
        if (ObjectEnd end = hand_over(Until::end); end.kind != ObjectEnd::Kind::committed)
          return end;
        return got ? ObjectEnd() : damaged("damaged", got.error().message);
      }
      inflated_ += *got;
      if (inflated_ > reader_.inflated_bytes_) {
        return damaged("too_large", fmt::format("it inflates to more than {} bytes (max_object)",
                                                reader_.inflated_bytes_));
      }
      cutter_.feed({buffer.data(), *got});
      if (ObjectEnd end = hand_over(Until::full); end.kind != ObjectEnd::Kind::committed)
        return end;
    }
  }

 private:
  ObjectEnd damaged(std::string reason, const std::string& why) const {
    return {ObjectEnd::Kind::damaged, std::move(reason),
            fmt::format("{} cannot be read whole: {}", name_of(object_), why)};
  }

  ObjectEnd hand_over(Until until) {
    while (auto piece = cutter_.take(until)) {
      if (piece->is_known) continue;
      Submission submission;
      submission.source = reader_.metrics_.source;
      submission.bytes = std::move(piece->bytes);
      submission.received_ms = reader_.host_.clock.wall_ms();
      const Status done = submit_surely(reader_.host_.intake, std::move(submission), token_);
      if (done) continue;
      if (token_.stop_requested()) return {ObjectEnd::Kind::stopped, "stopped", "stopped"};
      return {ObjectEnd::Kind::transient, "pipeline", done.error().message};
    }
    return {};
  }

  const ObjectReader& reader_;
  const aws::ObjectName& object_;
  const std::stop_token& token_;
  RecordCutter cutter_;
  std::uint64_t inflated_ = 0;
};

ObjectEnd ObjectReader::read(aws::S3& s3, const aws::ObjectName& name,
                             const std::atomic<bool>& stop, const std::stop_token& token) const {
  auto opened = s3.get(name, stop);
  if (!opened) return end_of(opened.error());
  aws::S3Object& object = **opened;  // belongs to `text`
  const auto text = event::decompress(std::move(*opened));
  ObjectEnd end = Reading(*this, name, token).run(object, *text);
  metrics_.bytes.add(static_cast<double>(object.consumed()));
  return end;
}

}  // namespace tocsin::source
