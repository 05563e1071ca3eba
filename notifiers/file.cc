// File: a JSON line for each alert, in a file that is set aside when it has grown enough.
#include <fmt/format.h>

#include <memory>

#include "base/mutex.h"
#include "deliver/notifier.h"
#include "log_file.h"

namespace tocsin::notifiers {
namespace {

using deliver::Outcome;

class File : public deliver::Notifier {
 public:
  explicit File(LogFile::Options options) : path_(options.path), file_(std::move(options)) {}

  Outcome send(const deliver::Notification& notification, deliver::Channel&) const override {
    const std::string lines = preview(notification);
    const MutexLock lock(mutex_);
    Outcome outcome;
    if (const Status status = file_.append(lines); !status) {
      outcome.reason = outcome.answer = fmt::format("{}: {}", path_, status.error().message);
    } else {
      outcome.kind = Outcome::Kind::delivered;
      outcome.answer = "written to " + path_;
    }
    return outcome;
  }

 private:
  const std::string path_;
  mutable Mutex mutex_;
  mutable LogFile file_ GUARDED_BY(mutex_);
};

std::unique_ptr<deliver::Notifier> make(config::Settings& settings) {
  LogFile::Options options;
  options.path = settings.path("path");
  if (!settings.has("path")) settings.error("path", "a file needs `path`");
  options.max_bytes =
      settings.bytes("max_bytes", std::uint64_t{100} << 20, 4096, std::uint64_t{1} << 40);
  options.keep = static_cast<unsigned>(settings.integer("keep", 5, 0, 1000));
  if (options.path.empty()) return nullptr;
  if (options.path.ends_with('/')) {
    settings.error("path", "this is a folder; a file is needed");
    return nullptr;
  }
  return std::make_unique<File>(std::move(options));
}

}  // namespace

deliver::NotifierEntry entry_file() {
  deliver::Traits traits;
  traits.digest = 100;
  return {"file", "a file of JSON lines that is set aside when it has grown", traits, make};
}

}  // namespace tocsin::notifiers
