// Standard output: a JSON line for each alert, or a card for people. Log lines go to standard
// error, so that nothing else is in between.
#include <unistd.h>

#include "alert/card.h"
#include "base/mutex.h"
#include "deliver/notifier.h"
#include "line_writer.h"

namespace tocsin::notifiers {
namespace {

using deliver::Outcome;

constexpr int kTimeoutMs = 10'000;
constexpr std::size_t kCardColumns = 120;

// One for the process, as there is one standard output.
struct Output {
  Mutex mutex;
  LineWriter writer GUARDED_BY(mutex){STDOUT_FILENO};
};

Output& output() {
  static Output instance;
  return instance;
}

class StandardOutput : public deliver::Notifier {
 public:
  explicit StandardOutput(bool cards) : cards_(cards) {}

  Outcome send(const deliver::Notification& notification,
               deliver::Channel& channel) const override {
    const std::string text = preview(notification);
    Output& out = output();
    const MutexLock lock(out.mutex);
    if (const Status status = out.writer.write(text, channel.stop, kTimeoutMs); !status) {
      Outcome outcome;
      outcome.reason = outcome.answer = "standard output: " + status.error().message;
      return outcome;
    }
    Outcome outcome;
    outcome.kind = Outcome::Kind::delivered;
    outcome.answer = "written";
    return outcome;
  }

  std::string preview(const deliver::Notification& notification) const override {
    if (!cards_) return Notifier::preview(notification);
    std::string out;
    for (const deliver::Item& item : notification.items) {
      out += alert::render_card(item.alert, false, kCardColumns);
    }
    return out;
  }

 private:
  const bool cards_;
};

std::unique_ptr<deliver::Notifier> make(config::Settings& settings) {
  return std::make_unique<StandardOutput>(settings.choice("format", {"json", "text"}, "json") ==
                                          "text");
}

}  // namespace

deliver::NotifierEntry entry_stdout() {
  deliver::Traits traits;
  traits.digest = 100;
  return {"stdout", "standard output: a JSON line or a card for each alert", traits, make};
}

}  // namespace tocsin::notifiers
