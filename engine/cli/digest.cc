// tocsin digest verify: whether the log files of a trail are those that CloudTrail delivered.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "aws/endpoint.h"
#include "aws/session.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "config/forms.h"
#include "digest/verifier.h"

namespace tocsin::cli {
namespace {

constexpr std::string_view kS3 = "s3://";

struct DigestArguments {
  std::string target, since, until, public_keys, prefix;
  std::vector<std::string> accounts, regions;
  std::string profile, role_arn, external_id;
  std::vector<std::string> networks;
  std::string output = "table";
  unsigned readers = 8;
  bool shows_all = false;
  bool requester_pays = false;
};

std::atomic<bool> stop_digest{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // stored from a signal handler

extern "C" void on_digest_interrupt(int) {
  stop_digest.store(true, std::memory_order_relaxed);
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends at once
}

int complain_digest(const Error& error) {
  fmt::print(stderr, "tocsin: {}\n", text::printable(error.message));
  return kError;
}

// "7d" before `now`, or a time; nothing for "".
Result<std::optional<std::int64_t>> digest_time(const std::string& text, std::string_view option,
                                                std::int64_t now) {
  if (text.empty()) return std::nullopt;
  if (const auto ago = config::parse_duration(text)) return now - *ago / 1000;
  if (const auto time = parse_time(text)) return time->unix_seconds();
  return fail(Code::invalid_input,
              fmt::format("{} is a time such as 2026-01-31 or 2026-01-31T12:00:00Z, or how long "
                          "ago it is, such as 7d; not `{}`",
                          option, text::printable(text)));
}

// Where objects and keys are read.
struct DigestInputs {
  metrics::Registry metrics;
  std::unique_ptr<aws::Session> session;  // opened when AWS is needed
  std::unique_ptr<digest::Archive> archive;
  std::unique_ptr<digest::PublicKeys> keys;
};

Status open_session(const DigestArguments& arguments, DigestInputs& inputs) {
  aws::Settings settings;
  settings.profile = arguments.profile;
  settings.role_arn = arguments.role_arn;
  settings.external_id = arguments.external_id;
  for (const std::string& network : arguments.networks) {
    const Result<IpPrefix> parsed = parse_cidr(network);
    if (!parsed) return fail(Code::invalid_input, "--allow-network: " + parsed.error().message);
    settings.egress.allowed.push_back(*parsed);
  }
  auto opened =
      aws::Session::open(settings, aws::process_environment(), inputs.metrics, system_clock());
  if (!opened) return tl::unexpected(std::move(opened.error()));
  inputs.session = std::move(*opened);
  return {};
}

Status open_bucket(const DigestArguments& arguments, DigestInputs& inputs, digest::Query& query) {
  const std::string place = arguments.target.substr(kS3.size());
  const std::size_t slash = std::min(place.find('/'), place.size());
  query.bucket = place.substr(0, slash);
  query.prefix = place.substr(std::min(slash + 1, place.size()));
  if (!aws::is_bucket(query.bucket)) {
    return fail(Code::invalid_input, fmt::format("`{}` names no bucket: s3://BUCKET/PREFIX",
                                                 text::printable(arguments.target)));
  }
  if (!query.since) {
    return fail(Code::invalid_input, "say from when on to verify: --since 7d, or a time");
  }
  const std::int64_t now = system_clock().wall_ms() / 1000;
  query.until = std::min(query.until.value_or(now), now);
  if (Status status = open_session(arguments, inputs); !status) return status;
  inputs.archive = digest::s3_archive(*inputs.session, arguments.requester_pays, stop_digest);
  inputs.keys = digest::cloudtrail_keys(*inputs.session, stop_digest);
  return {};
}

Status open_folder(const DigestArguments& arguments, DigestInputs& inputs, digest::Query& query) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::canonical(arguments.target, error);
  if (error || !std::filesystem::is_directory(folder, error)) {
    return fail(Code::not_found,
                fmt::format("{} is neither a folder nor s3://BUCKET/PREFIX", arguments.target));
  }
  if (arguments.public_keys.empty()) {
    return fail(Code::invalid_input,
                "a folder needs --public-keys FILE: what `aws cloudtrail list-public-keys "
                "--start-time … --end-time …` prints in the digests' region");
  }
  query.bucket = folder.filename().string();
  inputs.archive = digest::folder_archive(folder.parent_path().string());
  return {};
}

Status open_inputs(const DigestArguments& arguments, DigestInputs& inputs, digest::Query& query) {
  const std::int64_t now = system_clock().wall_ms() / 1000;
  for (auto [text, option, time] : {std::tuple(&arguments.since, "--since", &query.since),
                                    std::tuple(&arguments.until, "--until", &query.until)}) {
    const auto read = digest_time(*text, option, now);
    if (!read) return tl::unexpected(read.error());
    *time = *read;
  }
  if (query.since && query.until && *query.since > *query.until) {
    return fail(Code::invalid_input, "--since is later than --until: there is nothing between");
  }
  query.prefix = arguments.prefix;
  query.accounts = arguments.accounts;
  query.regions = arguments.regions;
  query.readers = arguments.readers;
  Status opened = arguments.target.starts_with(kS3) ? open_bucket(arguments, inputs, query)
                                                    : open_folder(arguments, inputs, query);
  if (!opened || arguments.public_keys.empty()) return opened;
  auto keys = digest::file_keys(arguments.public_keys);
  if (!keys) return tl::unexpected(keys.error());
  inputs.keys = std::move(*keys);
  return {};
}

std::string digest_hours(const digest::Finding& finding) {
  if (finding.to == 0) return "-";
  return finding.from == finding.to
             ? format_time(finding.to)
             : fmt::format("{}/{}", format_time(finding.from), format_time(finding.to));
}

void print_line(const digest::Finding& finding) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("state", digest::name(finding.state));
  json.member("kind", finding.is_digest ? "digest" : "log").member("bucket", finding.bucket);
  json.member("key", finding.key);
  json.member("account", finding.account).member("region", finding.region);
  if (!finding.trail.empty()) json.member("trail", finding.trail);
  json.key("backfill").boolean(finding.is_backfill);
  if (finding.to != 0) {
    json.member("from", format_time(finding.from)).member("to", format_time(finding.to));
  }
  if (!finding.message.empty()) json.member("message", finding.message);
  json.end_object();
  fmt::print("{}\n", line);
}

void print_row(const digest::Finding& finding) {
  fmt::print("{:<14}  {}  s3://{}/{}\n", digest::name(finding.state), digest_hours(finding),
             text::printable(finding.bucket), text::printable(finding.key));
  if (!finding.message.empty()) fmt::print("    {}\n", text::printable(finding.message));
}

// By state, of digests and of log files.
using DigestCounts = std::array<std::array<std::uint64_t, digest::kStates>, 2>;

std::uint64_t count_of(const DigestCounts& counts, digest::State state) {
  const auto i = static_cast<std::size_t>(state);
  return counts[0][i] + counts[1][i];
}

void print_totals(const DigestCounts& counts) {
  const auto valid = static_cast<std::size_t>(digest::State::valid);
  fmt::print(stderr, "tocsin: {} digests and {} log files are valid", with_commas(counts[1][valid]),
             with_commas(counts[0][valid]));
  for (std::size_t i = valid + 1; i < digest::kStates; ++i) {
    const auto state = static_cast<digest::State>(i);
    if (count_of(counts, state) == 0) continue;
    fmt::print(stderr, "; {} {}", with_commas(count_of(counts, state)), digest::name(state));
  }
  fmt::print(stderr, "\n");
}

int verdict_of(const DigestCounts& counts) {
  for (std::size_t i = 1; i < digest::kStates; ++i) {
    const auto state = static_cast<digest::State>(i);
    if (state != digest::State::unreadable && count_of(counts, state) > 0) return kFinding;
  }
  return count_of(counts, digest::State::unreadable) > 0 ? kError : kOk;
}

int verify_digests(const DigestArguments& arguments) {
  digest::Query query;
  DigestInputs inputs;
  if (Status opened = open_inputs(arguments, inputs, query); !opened) {
    return complain_digest(opened.error());
  }
  DigestCounts counts{};
  const auto report = [&](const digest::Finding& finding) {
    ++counts[finding.is_digest ? 1 : 0][static_cast<std::size_t>(finding.state)];
    if (finding.state == digest::State::valid && !arguments.shows_all) return;
    arguments.output == "jsonl" ? print_line(finding) : print_row(finding);
  };
  std::signal(SIGINT, on_digest_interrupt);
  const auto verified = digest::verify(*inputs.archive, *inputs.keys, query, report, stop_digest);
  std::fflush(stdout);
  print_totals(counts);
  if (stop_digest) return kInterrupted;
  if (!verified) return complain_digest(verified.error());
  if (verified->chains == 0) {
    return complain_digest(
        {Code::not_found, "there are no digests of that time: nothing is proven"});
  }
  return verdict_of(counts);
}

}  // namespace

void add_digest(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<DigestArguments>();
  CLI::App* group = app.add_subcommand("digest", "Verify the digests of a CloudTrail trail");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand(
      "verify",
      "Prove that log files are those that CloudTrail delivered: signatures and chain of the "
      "digests, hash of each log file, files that no digest lists. Exit status 1: there are "
      "findings; 2: something could not be verified");
  const auto add = [&](const char* option, auto& value, const char* help, const char* type) {
    return command->add_option(option, value, help)->type_name(type);
  };
  add("TARGET", arguments->target,
      "s3://BUCKET[/PREFIX], or a folder with the copy of a bucket and the bucket's name; beside "
      "an "
      "object's file, FILE.metadata.json may have its metadata, as `aws s3api head-object` prints "
      "it",
      "")
      ->required();
  add("--since", arguments->since, "Verify what was delivered from then on: a time, or 7d", "TIME");
  add("--until", arguments->until, "… and up to then (default: now; of a folder: all)", "TIME");
  add("--account", arguments->accounts, "Only this account (may be given again)", "ID")
      ->allow_extra_args(false);
  add("--region", arguments->regions, "Only this region (may be given again)", "REGION")
      ->allow_extra_args(false);
  add("--prefix", arguments->prefix, "The trail's prefix in a folder", "PREFIX");
  add("--public-keys", arguments->public_keys,
      "Keys as `aws cloudtrail list-public-keys` prints them, instead of asking AWS", "FILE");
  add("-o,--output", arguments->output, "table or jsonl", "FORMAT")
      ->check(CLI::IsMember({"table", "jsonl"}));
  command->add_flag("--all", arguments->shows_all, "Print valid files too");
  add("--readers", arguments->readers, "Log files that are read at once (default 8)", "N")
      ->check(CLI::Range(1, 64));
  add("--profile", arguments->profile, "The profile of ~/.aws/config to use", "NAME");
  add("--role-arn", arguments->role_arn, "A role to assume", "ARN");
  add("--external-id", arguments->external_id, "… with this external id", "ID");
  add("--allow-network", arguments->networks,
      "A private network that may be connected to: of a VPC endpoint, say (may be given again)",
      "CIDR")
      ->allow_extra_args(false);
  command->add_flag("--requester-pays", arguments->requester_pays,
                    "Pay for reading somebody else's bucket");
  command->callback([arguments, &exit_code] { exit_code = verify_digests(*arguments); });
}

}  // namespace tocsin::cli
