// tocsin outbox: what must still reach a receiver, and what will not; beside a running service.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>

#include "alert/alert.h"
#include "alert/card.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "store/store.h"

namespace tocsin::cli {
namespace {

// What a retried notification gets; the same as the default of a receiver's `expires_after`.
constexpr store::Milliseconds kExpiresAfter = 72LL * 3600 * 1000;

struct OutboxArguments {
  std::string folder = "./tocsin-data";
  std::string receiver;
  std::string output = "table";
  std::vector<std::int64_t> ids;
  std::size_t limit = 1000;
  bool dead = false;
  bool all_dead = false;
};

store::Milliseconds now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int complain(const Error& error) {
  fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  return kError;
}

Result<std::unique_ptr<store::Store>> open_store(const OutboxArguments& arguments) {
  store::StoreOptions options;
  options.folder = arguments.folder;
  options.access = store::StoreOptions::Access::operate;
  return store::Store::open(options);
}

std::string time_text(store::Milliseconds time) {
  const store::Milliseconds second = time / 1000 - (time % 1000 < 0 ? 1 : 0);
  return format_time(second);
}

std::string_view state_of(const store::Delivery& delivery, store::Milliseconds now) {
  if (delivery.dead) return "dead";
  return delivery.due <= now ? "due" : "waiting";
}

// JSON in which everything that a terminal might obey stands as \uXXXX. What is valid stays so, and
// says the same.
std::string terminal_safe(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false;
  for (std::size_t pos = 0; pos < json.size();) {
    const std::size_t start = pos;
    const char32_t c = text::next_code_point(json, pos);
    const std::string_view bytes = json.substr(start, pos - start);
    if (c == U'\\' && in_string && pos < json.size()) {
      out += '\\';
      if (json[pos] >= 0x20 && json[pos] < 0x7F) out += json[pos++];
    } else if (c == U'"') {
      in_string = !in_string;
      out += '"';
    } else if (c >= 0x20 && c < 0x7F) {
      out += bytes;
    } else if (!in_string) {
      out += ' ';
    } else if (c >= 0x20 && text::printable(bytes) == bytes) {
      out += bytes;
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  return out;
}

void write_delivery(JsonWriter& json, const store::Delivery& delivery, store::Milliseconds now) {
  const auto time = [&](std::string_view name, store::Milliseconds at) {
    json.member(name, time_text(at));
  };
  json.key("id").number(delivery.id);
  json.member("receiver", delivery.receiver).member("state", state_of(delivery, now));
  json.member("status", delivery.status).member("key", delivery.key);
  json.member("level", alert::severity_name(delivery.severity));
  json.key("count").number(delivery.count);
  json.key("attempts").number(std::uint64_t{delivery.attempts});
  json.member("error", delivery.error);
  time("received", delivery.received);
  time("created", delivery.created);
  time("due", delivery.due);
  time("expires", delivery.expires);
  time("first_seen", delivery.first_seen);
  time("last_seen", delivery.last_seen);
}

void write_alert(JsonWriter& json, const store::AlertRow& alert) {
  json.key("row").number(alert.id);
  json.member("id", alert.alert_id).member("rule_id", alert.rule_id);
  json.member("rule_title", alert.rule_title).member("level", alert.level);
  json.member("account", alert.account).member("principal", alert.principal);
  json.member("source", alert.source);
  json.key("count").number(alert.count);
  json.member("created", time_text(alert.created));
}

void print_lines(const std::vector<store::DeliveryWithAlert>& rows) {
  const store::Milliseconds now = now_ms();
  for (const store::DeliveryWithAlert& row : rows) {
    std::string line;
    JsonWriter json(line);
    json.begin_object();
    write_delivery(json, row.delivery, now);
    json.key("alert").begin_object();
    write_alert(json, row.alert);
    json.end_object();
    json.end_object();
    fmt::print("{}\n", terminal_safe(line));
  }
}

void print_table(const std::vector<store::DeliveryWithAlert>& rows) {
  if (rows.empty()) return;
  const store::Milliseconds now = now_ms();
  const bool color = use_color(stdout);
  const std::size_t width = is_terminal(stdout) ? terminal_width(stdout) : 1000;
  std::size_t name_width = 8;
  for (const auto& [delivery, alert] : rows) {
    name_width = std::min<std::size_t>(24, std::max(name_width, delivery.receiver.size()));
  }
  fmt::print("{:>8}  {:<{}}  {:<7}  {:>5}  {:<20}  {:<13}  {}\n", "id", "receiver", name_width,
             "state", "tries", "created", "level", "rule: last error");
  const std::size_t used = 8 + 2 + name_width + 2 + 7 + 2 + 5 + 2 + 20 + 2 + 13 + 2;
  for (const auto& [delivery, alert] : rows) {
    std::string about =
        text::printable(alert.rule_title.empty() ? alert.rule_id : alert.rule_title);
    if (!delivery.error.empty()) about += ": " + text::printable(delivery.error);
    const std::string_view level = alert::severity_name(delivery.severity);
    fmt::print("{:>8}  {:<{}}  {:<7}  {:>5}  {:<20}  {}{:<13}{}  {}\n", delivery.id,
               cut(text::printable(delivery.receiver), name_width), name_width,
               state_of(delivery, now), delivery.attempts, time_text(delivery.created),
               alert::level_style(level, color), level, reset_style(color),
               cut(about, width > used + 20 ? width - used : 20));
  }
}

int list(const OutboxArguments& arguments) {
  const auto store = open_store(arguments);
  if (!store) return complain(store.error());
  const auto counts = (*store)->counts();
  if (!counts) return complain(counts.error());
  const auto rows = (*store)->list(arguments.receiver, arguments.dead, arguments.limit);
  if (!rows) return complain(rows.error());
  if (arguments.output == "jsonl") {
    print_lines(*rows);
  } else {
    print_table(*rows);
  }
  std::fflush(stdout);
  std::uint64_t pending = 0;
  std::uint64_t dead = 0;
  for (const store::OutboxCount& count : *counts) {
    if (!arguments.receiver.empty() && count.receiver != arguments.receiver) continue;
    pending += count.pending;
    dead += count.dead;
  }
  fmt::print(stderr, "{} pending, {} dead", with_commas(pending), with_commas(dead));
  const std::uint64_t all = (arguments.dead ? 0 : pending) + dead;
  if (all > rows->size()) fmt::print(stderr, "; the first {} are shown", with_commas(rows->size()));
  fmt::print(stderr, "\n");
  return kOk;
}

int show(const OutboxArguments& arguments) {
  const auto store = open_store(arguments);
  if (!store) return complain(store.error());
  const std::int64_t id = arguments.ids.front();
  const auto row = (*store)->show(id);
  if (!row) return complain(row.error());
  if (!*row) {
    fmt::print(stderr,
               "tocsin: there is no notification {} in the outbox; it may have been "
               "delivered\n",
               id);
    return kError;
  }
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("delivery").begin_object();
  write_delivery(json, (*row)->delivery, now_ms());
  json.end_object();
  json.key("alert").raw((*row)->alert.json);
  json.end_object();
  fmt::print("{}\n", terminal_safe(text));
  return kOk;
}

// How many of the ids that were given were there.
int report(std::uint64_t done, std::size_t asked, std::string_view what) {
  fmt::print("{} of {} {}\n", done, asked, what);
  if (done == asked) return kOk;
  fmt::print(stderr, "tocsin: the others are not in the outbox; they may have been delivered\n");
  return kFinding;
}

void make_unique(std::vector<std::int64_t>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

int retry(OutboxArguments& arguments) {
  if (arguments.ids.empty() && !arguments.all_dead) {
    fmt::print(stderr, "tocsin: which ones? Give ids from `tocsin outbox list`, or --all-dead\n");
    return kError;
  }
  make_unique(arguments.ids);
  const auto store = open_store(arguments);
  if (!store) return complain(store.error());
  const store::Milliseconds now = now_ms();
  const auto done = (*store)->retry(arguments.ids, now, now + kExpiresAfter);
  if (!done) return complain(done.error());
  return report(*done, arguments.all_dead ? *done : arguments.ids.size(),
                "will be tried again by the running service, or the next one");
}

int drop(OutboxArguments& arguments) {
  make_unique(arguments.ids);
  const auto store = open_store(arguments);
  if (!store) return complain(store.error());
  const auto done = (*store)->drop(arguments.ids);
  if (!done) return complain(done.error());
  return report(*done, arguments.ids.size(), "dropped");
}

}  // namespace

void add_outbox(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<OutboxArguments>();
  CLI::App* command = app.add_subcommand(
      "outbox", "List, show, retry or drop notifications that were not delivered");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* description) {
    CLI::App* added = command->add_subcommand(name, description);
    added->add_option("--store", arguments->folder, "The service's store (default ./tocsin-data)")
        ->envname("TOCSIN_STORE")
        ->type_name("FOLDER");
    return added;
  };
  const auto add_ids = [&](CLI::App* to, const char* description) {
    return to->add_option("ID", arguments->ids, description)
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
        ->type_name("");
  };

  CLI::App* listing = add("list", "List notifications: the dead first, then the oldest");
  listing->add_option("--receiver", arguments->receiver, "Only those for this receiver")
      ->type_name("NAME");
  listing->add_flag("--dead", arguments->dead, "Only those that will not be tried again");
  listing->add_option("--limit", arguments->limit, "At most so many (default 1000)")
      ->check(CLI::Range(std::size_t{1}, std::numeric_limits<std::size_t>::max() / 2))
      ->type_name("N");
  listing->add_option("-o,--output", arguments->output, "table or jsonl")
      ->check(CLI::IsMember({"table", "jsonl"}))
      ->type_name("FORMAT");
  listing->callback([arguments, &exit_code] { exit_code = list(*arguments); });

  CLI::App* showing = add("show", "Print one notification and its alert as JSON");
  add_ids(showing, "From `tocsin outbox list`")->required()->expected(1);
  showing->callback([arguments, &exit_code] { exit_code = show(*arguments); });

  CLI::App* retrying =
      add("retry", "Have notifications tried again at once, with attempts and expiry as if new");
  auto* ids = add_ids(retrying, "From `tocsin outbox list`");
  retrying->add_flag("--all-dead", arguments->all_dead, "All that are dead")->excludes(ids);
  retrying->callback([arguments, &exit_code] { exit_code = retry(*arguments); });

  CLI::App* dropping = add("drop", "Forget notifications for good; their alerts stay for a while");
  add_ids(dropping, "From `tocsin outbox list`")->required();
  dropping->callback([arguments, &exit_code] { exit_code = drop(*arguments); });
}

}  // namespace tocsin::cli
