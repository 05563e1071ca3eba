#include "base/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/json_writer.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/time.h"

namespace tocsin::log {
namespace {

// Messages are literals, so there are a few hundred at most; this only bounds a mistake.
constexpr std::size_t kMessages = 1024;
constexpr std::int64_t kPeriodMs = 60'000;
constexpr int kWritePatienceMs = 1000;

// --- where lines go ------------------------------------------------------------------------------

// While it lives, writing to a pipe that nobody reads is an error and not the end of the process.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigset_t pending;
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const ::timespec now{};
    if (!was_pending_) {
      while (::sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  ::sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

// False when `line` was written in part.
bool write_all(int fd, std::string_view line) {
  const std::size_t size = line.size();
  while (!line.empty()) {
    const ::ssize_t written = ::write(fd, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      ::pollfd waiting{fd, POLLOUT, 0};
      if (::poll(&waiting, 1, kWritePatienceMs) == 0) return line.size() == size;
    } else if (errno != EINTR) {
      return line.size() == size;
    }
  }
  return true;
}

using Sink = std::function<void(std::string_view)>;

// Standard error, or what a test put in its place. base_sink's mutex is held in sink_it_().
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink()
      : base_sink(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc,
                                                              std::string())) {}

  void set(Sink redirection) {
    const std::lock_guard lock(mutex_);
    sink_ = std::move(redirection);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const std::string_view line(msg.payload.data(), msg.payload.size());
    if (sink_) return sink_(line);
    buffer_.assign(torn_ ? "\n" : "");
    buffer_ += line;
    buffer_ += '\n';
    const NoSigpipe guard;
    torn_ = !write_all(STDERR_FILENO, buffer_);
  }
  void flush_() override {}

  Sink sink_;
  std::string buffer_;
  bool torn_ = false;  // the last line lacks its end
};

// --- how often -----------------------------------------------------------------------------------

class Limiter {
 public:
  // How many entries with this message were held back since the last one; nullopt: so is this.
  std::optional<std::uint64_t> admit(std::string_view message, std::int64_t now) {
    const auto found = periods_.find(std::string(message));
    if (found == periods_.end() && periods_.size() >= kMessages) make_room(now);
    Period& period = found != periods_.end() ? found->second : periods_[std::string(message)];
    if (period.written == 0 || now - period.began >= kPeriodMs) {
      period.began = now;
      period.written = 0;
    }
    if (period.written >= kLogRepeats) {
      ++period.suppressed;
      return std::nullopt;
    }
    ++period.written;
    return std::exchange(period.suppressed, 0);
  }

  void clear() { periods_.clear(); }

 private:
  struct Period {
    std::int64_t began = 0;
    unsigned written = 0;
    std::uint64_t suppressed = 0;
  };

  void make_room(std::int64_t now) {
    std::erase_if(periods_,
                  [&](const auto& entry) { return now - entry.second.began >= kPeriodMs; });
    if (periods_.size() >= kMessages) periods_.clear();
  }

  std::unordered_map<std::string, Period> periods_;
};

// --- what a line says ----------------------------------------------------------------------------

// Characters that a terminal obeys or that show text in another order, beyond those that JSON
// escapes anyway: C1 controls and bidirectional formatting.
bool may_mislead(char32_t c) {
  return (c >= 0x80 && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x200E || c == 0x200F || c == 0x061C;
}

// A JSON string that is one line to every reader, and safe on a terminal.
std::string quoted(std::string_view value) {
  std::string json;
  if (value.size() > kLogValueBytes) {
    std::size_t end = kLogValueBytes;  // not within a code point
    while (end > kLogValueBytes - 3 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) {
      --end;
    }
    JsonWriter(json).string(std::string(value.substr(0, end)) + "…");
  } else {
    JsonWriter(json).string(value);
  }
  if (text::is_ascii(json)) return json;
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    const char32_t c = text::next_code_point(json, at);
    if (may_mislead(c)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      text::append_utf8(c, out);
    }
  }
  return out;
}

// `value` for people: quoted only where it could be taken for something else.
std::string readable(std::string_view value) {
  std::string json = quoted(value);
  const bool is_plain = !value.empty() && value.find_first_of(" =") == std::string_view::npos &&
                        std::string_view(json).substr(1, json.size() - 2) == value;
  return is_plain ? std::string(value) : json;
}

struct ToText {
  bool json;

  std::string operator()(std::string_view value) const {
    return json ? quoted(value) : readable(value);
  }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const {
    return json && !std::isfinite(value) ? "null" : fmt::format("{}", value);
  }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

std::string timestamp(const Clock& clock) {
  const std::int64_t now = clock.wall_ms();
  const std::int64_t past = ((now % 1000) + 1000) % 1000;
  return format_time((now - past) / 1000, static_cast<int>(past));
}

std::string json_line(const std::string& time, Level level, std::string_view message, Fields fields,
                      std::uint64_t suppressed) {
  std::string line = "{\"time\":\"" + time + "\",\"level\":\"";
  line += name(level);
  line += "\",\"message\":" + quoted(message);
  for (const Field& field : fields) {
    line += ',' + quoted(field.key) + ':' + std::visit(ToText{true}, field.value);
  }
  if (suppressed != 0) line += fmt::format(",\"suppressed\":{}", suppressed);
  return line + '}';
}

std::string text_line(const std::string& time, Level level, std::string_view message, Fields fields,
                      std::uint64_t suppressed) {
  std::string shown = quoted(message);
  std::string line = fmt::format("{} {:<7} {}", time, name(level),
                                 std::string_view(shown).substr(1, shown.size() - 2));
  for (const Field& field : fields) {
    line += ' ' + readable(field.key) + '=' + std::visit(ToText{false}, field.value);
  }
  if (suppressed != 0) line += fmt::format(" suppressed={}", suppressed);
  return line;
}

// --- the one log ---------------------------------------------------------------------------------

constexpr spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

struct Log {
  Log() { logger.set_level(spdlog::level::info); }

  const std::shared_ptr<LineSink> sink = std::make_shared<LineSink>();
  spdlog::logger logger{"", sink};
  std::atomic<Format> format{Format::text};
  std::atomic<const Clock*> clock{&system_clock()};
  std::array<std::atomic<std::uint64_t>, 4> counts{};
  Mutex mutex;
  Limiter limiter GUARDED_BY(mutex);
};

// Never destroyed: threads may log while the process ends.
Log& the_log() {
  static Log* const log = new Log;
  return *log;
}

}  // namespace

std::string_view name(Level level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

void configure(Level least, Format format) {
  Log& log = the_log();
  log.format = format;
  log.logger.set_level(spdlog_level(least));
}

void write(Level level, std::string_view message, Fields fields) {
  Log& log = the_log();
  if (!log.logger.should_log(spdlog_level(level))) return;
  log.counts[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
  const Clock& clock = *log.clock.load();
  std::optional<std::uint64_t> suppressed;
  {
    const MutexLock lock(log.mutex);
    suppressed = log.limiter.admit(message, clock.steady_ms());
  }
  if (!suppressed) return;
  const auto to_line = log.format.load() == Format::json ? json_line : text_line;
  const std::string line = to_line(timestamp(clock), level, message, fields, *suppressed);
  log.logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t count(Level level) {
  return the_log().counts[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
}

void set_sink(std::function<void(std::string_view line)> sink, const Clock& clock) {
  Log& log = the_log();
  log.sink->set(std::move(sink));
  log.clock = &clock;
  const MutexLock lock(log.mutex);
  log.limiter.clear();
}

}  // namespace tocsin::log
