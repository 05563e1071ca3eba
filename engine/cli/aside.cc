// tocsin aside: submissions that the service could not process and has kept; beside a running
// service.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <limits>
#include <memory>

#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "store/store.h"

namespace tocsin::cli {
namespace {

struct AsideArguments {
  std::string folder = "./tocsin-data";
  std::vector<std::int64_t> ids;
};

int complain_aside(const Error& error) {
  fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  return kError;
}

Result<std::unique_ptr<store::Store>> open_aside(const AsideArguments& arguments) {
  store::StoreOptions options;
  options.folder = arguments.folder;
  options.access = store::StoreOptions::Access::operate;
  return store::Store::open(options);
}

int list_aside(const AsideArguments& arguments) {
  const auto store = open_aside(arguments);
  if (!store) return complain_aside(store.error());
  const auto rows = (*store)->list_set_aside(store::kSetAsideRows);
  if (!rows) return complain_aside(rows.error());
  if (!rows->empty()) {
    fmt::print("{:>8}  {:<20}  {:>10}  {:<20}  {}\n", "id", "received", "bytes", "source",
               "reason");
  }
  for (const store::SetAside& row : *rows) {
    fmt::print("{:>8}  {:<20}  {:>10}  {:<20}  {}\n", row.id, format_time(row.received / 1000),
               row.size, text::printable(row.source), text::printable(row.reason));
  }
  std::fflush(stdout);
  fmt::print(stderr, "{} set aside\n", with_commas(rows->size()));
  return kOk;
}

int show_aside(const AsideArguments& arguments) {
  const auto store = open_aside(arguments);
  if (!store) return complain_aside(store.error());
  const auto row = (*store)->show_set_aside(arguments.ids.front());
  if (!row) return complain_aside(row.error());
  if (!*row) {
    fmt::print(stderr, "tocsin: no submission {} was set aside\n", arguments.ids.front());
    return kError;
  }
  const std::string& bytes = (*row)->bytes;
  if (is_terminal(stdout)) {
    fmt::print("{}\n", text::printable(bytes));
  } else {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  }
  return kOk;
}

int drop_aside(const AsideArguments& arguments) {
  const auto store = open_aside(arguments);
  if (!store) return complain_aside(store.error());
  const auto done = (*store)->drop_set_aside(arguments.ids);
  if (!done) return complain_aside(done.error());
  fmt::print("{} of {} dropped\n", *done, arguments.ids.size());
  return *done == arguments.ids.size() ? kOk : kFinding;
}

}  // namespace

void add_aside(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<AsideArguments>();
  CLI::App* command = app.add_subcommand(
      "aside", "List, show or drop submissions that could not be processed and were kept");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* description) {
    CLI::App* added = command->add_subcommand(name, description);
    added->add_option("--store", arguments->folder, "The service's store (default ./tocsin-data)")
        ->envname("TOCSIN_STORE")
        ->type_name("FOLDER");
    return added;
  };
  const auto add_ids = [&](CLI::App* to) {
    return to->add_option("ID", arguments->ids, "From `tocsin aside list`")
        ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
        ->required()
        ->type_name("");
  };
  CLI::App* listing = add("list", "List them, the oldest first");
  listing->callback([arguments, &exit_code] { exit_code = list_aside(*arguments); });
  CLI::App* showing = add("show", "Write the bytes of one, as received: it can be sent again");
  add_ids(showing)->expected(1);
  showing->callback([arguments, &exit_code] { exit_code = show_aside(*arguments); });
  CLI::App* dropping = add("drop", "Delete them for good");
  add_ids(dropping);
  dropping->callback([arguments, &exit_code] { exit_code = drop_aside(*arguments); });
}

}  // namespace tocsin::cli
