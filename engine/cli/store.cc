// tocsin store: whether a store is sound, a copy of it in one file, and the way back.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/text.h"
#include "cli/command.h"
#include "store/backup.h"

namespace tocsin::cli {
namespace {

struct StoreArguments {
  std::string folder = "./tocsin-data";
  std::string file;
};

int store_error(const Error& error) {
  fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  return kError;
}

std::string words_of(const store::Summary& summary) {
  return fmt::format(
      "format {}, commit {}, {} alerts, {} notifications waiting and {} dead, {:.1f} MiB",
      summary.format, summary.commit, summary.alerts, summary.waiting, summary.dead,
      static_cast<double>(summary.bytes) / (1 << 20));
}

int check(const StoreArguments& arguments) {
  const auto checked = store::check_store(arguments.folder);
  if (!checked) return store_error(checked.error());
  fmt::print("{}: {}\n", arguments.folder, words_of(checked->summary));
  for (const std::string& problem : checked->problems) {
    fmt::print("PROBLEM: {}\n", text::printable(problem));
  }
  if (!checked->problems.empty()) return kFinding;
  fmt::print("no problem found\n");
  return kOk;
}

int back_up(const StoreArguments& arguments) {
  const auto summary = store::back_up(arguments.folder, arguments.file);
  if (!summary) return store_error(summary.error());
  fmt::print("{}: {}\n", arguments.file, words_of(*summary));
  return kOk;
}

int restore(const StoreArguments& arguments) {
  const auto restored = store::restore(arguments.file, arguments.folder);
  if (!restored) return store_error(restored.error());
  fmt::print("{}: {}\n", arguments.folder, words_of(restored->summary));
  if (!restored->replaced.empty()) {
    fmt::print("what was there before is in {}; remove it when you do not need it any more\n",
               restored->replaced);
  }
  return kOk;
}

}  // namespace

void add_store(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<StoreArguments>();
  CLI::App* const command =
      app.add_subcommand("store", "Check, back up or restore the service's store");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* description) {
    CLI::App* const added = command->add_subcommand(name, description);
    added->add_option("--store", arguments->folder, "The service's store (default ./tocsin-data)")
        ->envname("TOCSIN_STORE")
        ->type_name("FOLDER");
    return added;
  };
  const auto add_file = [&](CLI::App* to, const char* description) {
    to->add_option("FILE", arguments->file, description)->required()->type_name("");
  };
  CLI::App* const checking =
      add("check", "Read everything and say what is wrong; beside a running service, too");
  checking->callback([arguments, &exit_code] { exit_code = check(*arguments); });

  CLI::App* const backing_up = add(
      "backup", "Copy the store into one file, which is checked; beside a running service, too");
  add_file(backing_up, "Must not exist yet");
  backing_up->callback([arguments, &exit_code] { exit_code = back_up(*arguments); });

  CLI::App* const restoring =
      add("restore",
          "Put a backup in the place of the store, whose files are kept aside. Stop the "
          "service first");
  add_file(restoring, "From `tocsin store backup`");
  restoring->callback([arguments, &exit_code] { exit_code = restore(*arguments); });
}

}  // namespace tocsin::cli
