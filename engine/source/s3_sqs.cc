// Source `s3_sqs`: log files in S3 that the messages of an SQS queue name (queue_run.h).
#include <memory>
#include <utility>

#include "aws/environment.h"
#include "base/mutex.h"
#include "source/queue_run.h"
#include "source/source.h"

namespace tocsin::source {
namespace {

class S3Sqs final : public Source {
 public:
  explicit S3Sqs(S3SqsOptions options) : options_(std::move(options)) {}

  Status run(Host& host, std::stop_token stop) override {
    auto session =
        aws::Session::open(options_.aws, aws::process_environment(), host.metrics, host.clock);
    // Whatever it is, it can be mended without a change of the configuration.
    if (!session) return fail(Code::refused, std::move(session.error().message));
    QueueRun run(options_, host, **session);
    const Shown shown(*this, run);
    return run.run(stop);
  }

  void write_status(JsonWriter& json) const override {
    const MutexLock lock(mutex_);
    if (run_ != nullptr) run_->write_status(json);
  }

 private:
  // A run that write_status() shows, as long as it lasts.
  class Shown {
   public:
    Shown(S3Sqs& source, const QueueRun& run) : source_(source) { source_.set(&run); }
    ~Shown() { source_.set(nullptr); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;

   private:
    S3Sqs& source_;
  };

  void set(const QueueRun* run) {
    const MutexLock lock(mutex_);
    run_ = run;
  }

  const S3SqsOptions options_;
  mutable Mutex mutex_;
  const QueueRun* run_ GUARDED_BY(mutex_) = nullptr;
};

std::unique_ptr<Source> make_s3_sqs(const std::string& name, config::Settings& settings) {
  S3SqsOptions options = read_s3_sqs(name, settings);
  if (options.queue_url.empty()) return nullptr;
  return std::make_unique<S3Sqs>(std::move(options));
}

}  // namespace

SourceEntry entry_s3_sqs() {
  return {"s3_sqs", "log files in S3 that messages of an SQS queue name", false, make_s3_sqs};
}

}  // namespace tocsin::source
