#include "cli/scan_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>

#include "alert/card.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace tocsin::cli {
namespace {

// Problems printed one by one; the summary has the full count.
constexpr std::uint64_t kProblemsPrinted = 20;
constexpr std::size_t kRulesNamed = 3;  // of one record
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

std::string place(const event::Origin& origin) {
  return fmt::format("{}:{}: record {} (byte {})",
                     origin.path != nullptr ? text::printable(*origin.path) : "-", origin.line,
                     origin.record, origin.offset);
}

std::string note_text(std::uint8_t notes) {
  std::string out;
  const auto add = [&](std::uint8_t bit, std::string_view text) {
    if ((notes & bit) == 0) return;
    if (!out.empty()) out += "; ";
    out += text;
  };
  add(event::kInvalidUtf8, "invalid UTF-8 was read as U+FFFD");
  add(event::kControlByte, "a raw control byte in a string was accepted");
  add(event::kLoneSurrogate, "half a surrogate pair was read as U+FFFD");
  add(event::kLongNumber, "an integer beyond 64 bits is compared as text");
  add(event::kManyValues, fmt::format("more than {} values; the rest was not matched",
                                      with_commas(limits::kEventValues)));
  add(event::kLongSubject, "a regular expression saw only the beginning of a long value");
  return out;
}

std::string progress_bar(double share) {
  constexpr std::size_t kCells = 24;
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kCells);
  return std::string(full, '#') + std::string(kCells - full, '.');
}

// Of this program alone: what getrusage tells may be that of the process that started it. 0 when
// the system does not say.
std::uint64_t max_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

ScanOutput::ScanOutput(const pipeline::Ruleset& ruleset, const ScanTotals& totals,
                       std::function<bool(const std::string&)> finished)
    : ruleset_(ruleset),
      totals_(totals),
      finished_(std::move(finished)),
      progress_wanted_(is_terminal(stderr)) {}

void ScanOutput::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) write_failed_ = true;
  is_unflushed_ = true;
}

// Alerts do not wait in a buffer for the next input, which may be slow.
void ScanOutput::flush() {
  if (is_unflushed_ && std::fflush(stdout) != 0) write_failed_ = true;
  is_unflushed_ = false;
}

void ScanOutput::clear_progress() {
  if (!progress_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  progress_shown_ = false;
}

void ScanOutput::alert(alert::Alert alert) {
  clear_progress();
  write(alert::render_card(alert, use_color(stdout), terminal_width(stdout)));
}

void ScanOutput::lines(std::string_view json_lines) {
  clear_progress();
  write(json_lines);
}

void ScanOutput::error(const event::RecordError& error) {
  if (problems_printed_++ >= kProblemsPrinted) return;
  clear_progress();
  fmt::print(stderr, "tocsin: {}: {}\n",
             error.fatal_for_input && error.origin.path != nullptr
                 ? text::printable(*error.origin.path)
                 : place(error.origin),
             text::printable(error.error.message));
}

void ScanOutput::note(const pipeline::RecordNote& note) {
  if (problems_printed_++ >= kProblemsPrinted) return;
  clear_progress();
  std::string text = note_text(note.notes);
  for (std::size_t i = 0; i < std::min(note.unevaluated.size(), kRulesNamed); ++i) {
    const program::RuleIndex rule = note.unevaluated[i];
    text += fmt::format("{}not evaluated, it would take too long: `{}`", text.empty() ? "" : "; ",
                        text::printable(ruleset_.program.rules()[rule].source.meta.title));
  }
  if (note.unevaluated.size() > kRulesNamed) {
    text += fmt::format(" and {} more rules", note.unevaluated.size() - kRulesNamed);
  }
  fmt::print(stderr, "tocsin: {}: {}\n", place(note.origin), text);
}

void ScanOutput::progress(const pipeline::ScanStats& so_far) {
  flush();
  if (!progress_wanted_) return;
  const auto now = Clock::now();
  if (now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::uint64_t total = totals_.listings == 0 ? totals_.bytes.load() : 0;
  const double share =
      total > 0 ? static_cast<double>(so_far.input_bytes) / static_cast<double>(total) : 0;
  std::string text;
  if (total > 0) {
    text = fmt::format("[{}] {:3.0f}%  {} of {}", progress_bar(share), std::min(share, 1.0) * 100,
                       human_bytes(so_far.input_bytes), human_bytes(total));
  } else {
    text = human_bytes(so_far.input_bytes);
  }
  if (const std::uint64_t objects = totals_.objects; objects > 0) {
    text += fmt::format("  {} of {}{} objects", with_commas(objects_), with_commas(objects),
                        totals_.listings == 0 ? "" : " (more are being listed)");
  }
  text += fmt::format("  {} records/s  {} matches",
                      human_rate(static_cast<double>(so_far.records) / seconds),
                      with_commas(so_far.matches));
  if (share > 0.01) text += "  ETA " + human_duration(seconds / share - seconds);
  fmt::print(stderr, "\r\x1b[K{}", cut(text, terminal_width(stderr) - 1));
  std::fflush(stderr);
  progress_shown_ = true;
}

void ScanOutput::ended(const std::string& input) {
  if (input.starts_with("s3://")) ++objects_;
  if (!finished_ || write_failed_ || note_failed_) return;
  note_failed_ = !finished_(input);
}

void ScanOutput::finish(const pipeline::ScanStats& stats, bool interrupted) {
  clear_progress();
  std::fflush(stdout);
  if (problems_printed_ > kProblemsPrinted) {
    fmt::print(stderr, "tocsin: … and {} more records with problems\n",
               with_commas(problems_printed_ - kProblemsPrinted));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  fmt::print(stderr, "\n{}{} records in {:.2f} s ({} records/s), {} rules, {} matches",
             interrupted ? "Interrupted. " : "", with_commas(stats.records), seconds,
             human_rate(static_cast<double>(stats.records) / std::max(seconds, 1e-9)),
             with_commas(ruleset_.program.rules().size() + ruleset_.correlations->all().size()),
             with_commas(stats.matches));
  fmt::print(stderr, "; {} rejected, {} repaired", with_commas(stats.rejected),
             with_commas(stats.repaired));
  if (const std::uint64_t objects = totals_.objects; objects > 0) {
    fmt::print(stderr, "; {} of {} objects", with_commas(objects_), with_commas(objects));
  }
  fmt::print(stderr, "\n");
  if (stats.unevaluated > 0) {
    fmt::print(stderr,
               "tocsin: {} times a rule was not evaluated, because matching the record would have "
               "taken too long; see which above\n",
               with_commas(stats.unevaluated));
  }
  if (stats.untimed > 0) {
    fmt::print(stderr, "tocsin: {} events without a usable eventTime could not be correlated\n",
               with_commas(stats.untimed));
  }
  if (stats.future > 0) {
    fmt::print(
        stderr,
        "tocsin: {} hits of events dated more than 15 minutes from now were not correlated\n",
        with_commas(stats.future));
  }
  if (stats.forgotten > 0) {
    fmt::print(
        stderr,
        "tocsin: {} hits or groups were more than correlations keep; they may have found too "
        "little\n",
        with_commas(stats.forgotten));
  }
  if (stats.matches == 0) return;

  struct Line {
    std::uint64_t matches;
    int rank;
    const std::string* title;
  };
  std::vector<Line> lines;
  for (program::RuleIndex i = 0; i < stats.rule_matches.size(); ++i) {
    if (stats.rule_matches[i] == 0) continue;
    const sigma::Meta& meta = ruleset_.program.rules()[i].source.meta;
    lines.push_back({stats.rule_matches[i], alert::severity_rank(meta.level), &meta.title});
  }
  for (std::size_t i = 0; i < stats.correlation_matches.size(); ++i) {
    if (stats.correlation_matches[i] == 0) continue;
    const alert::RuleFacts& facts = *ruleset_.correlations->all()[i].facts;
    lines.push_back(
        {stats.correlation_matches[i], alert::severity_rank(facts.level), &facts.title});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.matches > b.matches;
  });
  const bool color = use_color(stderr);
  fmt::print(stderr, "\n{:>10}  {:<13}  {}\n", "matches", "level", "rule");
  std::uint64_t by_level[5] = {};
  for (const Line& line : lines) {
    const std::string_view level = alert::severity_name(line.rank);
    by_level[line.rank] += line.matches;
    fmt::print(stderr, "{:>10}  {}{:<13}{}  {}\n", with_commas(line.matches),
               alert::level_style(level, color), level, reset_style(color),
               text::printable(*line.title));
  }
  std::string totals;
  for (int level = 4; level >= 0; --level) {
    if (by_level[level] == 0) continue;
    totals += fmt::format("{}{} {}", totals.empty() ? "" : ", ", with_commas(by_level[level]),
                          alert::severity_name(level));
  }
  fmt::print(stderr, "{:>10}  {}\n", with_commas(stats.matches), totals);
}

bool StatsFile::open(const std::string& path) {
  file_.reset(std::fopen(path.c_str(), "w"));
  return is_open();
}

bool StatsFile::write(const pipeline::ScanStats& stats, const ScanCost& cost) {
  std::string text;
  JsonWriter json(text);
  const auto seconds = [&](std::string_view name, double value) {
    json.key(name).raw(fmt::format("{:.9f}", value));
  };
  json.begin_object();
  json.key("records").number(stats.records);
  json.key("rejected").number(stats.rejected);
  json.key("repaired").number(stats.repaired);
  json.key("unevaluated").number(stats.unevaluated);
  json.key("matches").number(stats.matches);
  json.key("input_bytes").number(stats.input_bytes);
  json.key("rules").number(std::uint64_t{stats.rule_matches.size()});
  seconds("load_seconds", cost.load_seconds);
  seconds("scan_seconds", cost.scan_seconds);
  seconds("scan_cpu_seconds", cost.scan_cpu_seconds);
  json.key("threads").number(std::uint64_t{cost.threads});
  json.key("max_rss_bytes").number(max_rss_bytes());
  json.end_object();
  text += '\n';
  const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  return std::fclose(file_.release()) == 0 && written;
}

}  // namespace tocsin::cli
