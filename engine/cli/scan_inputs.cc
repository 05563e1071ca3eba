#include "cli/scan_inputs.h"

#include <fmt/format.h>

#include <utility>

#include "aws/event_history.h"
#include "aws/object_queue.h"
#include "aws/trail_files.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"
#include "config/forms.h"
#include "event/record_reader.h"

namespace tocsin::cli {
namespace {

constexpr std::string_view kBucketScheme = "s3://", kHistoryScheme = "cloudtrail://";

// "7d" before now, or a time.
Result<std::int64_t> read_time(const std::string& text, std::string_view option) {
  if (const std::optional<std::int64_t> ago = config::parse_duration(text)) {
    return (system_clock().wall_ms() - *ago) / 1000;
  }
  if (const std::optional<CivilTime> time = parse_time(text)) return time->unix_seconds();
  return fail(Code::invalid_input,
              fmt::format("{} is a time such as 2026-01-31 or 2026-01-31T12:00:00Z, or how long "
                          "ago it is, such as 7d; not `{}`",
                          option, text::printable(text)));
}

// The event history, opened when its turn has come.
class History final : public event::InputQueue {
 public:
  History(std::string name, std::unique_ptr<event::ByteSource> source)
      : name_(std::move(name)), source_(std::move(source)) {}

  std::optional<Input> next() override {
    if (source_ == nullptr) return std::nullopt;
    return Input{name_, std::move(source_)};
  }

 private:
  const std::string name_;
  std::unique_ptr<event::ByteSource> source_;
};

}  // namespace

// Lists a trail in a thread of its own, and fetches what it finds. Begins when its turn has come.
class ScanInputs::Bucket final : public event::InputQueue {
 public:
  Bucket(ScanInputs& inputs, aws::Session& session, aws::TrailQuery query)
      : inputs_(inputs), session_(session), query_(std::move(query)) {
    ++inputs_.totals_.listings;
  }
  ~Bucket() override {
    if (objects_ != nullptr) objects_->close();
    if (lister_.joinable()) lister_.join();
  }
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;

  std::optional<Input> next() override {
    if (objects_ == nullptr) begin();
    return objects_->next();
  }

  bool would_wait() const override { return objects_ == nullptr || objects_->would_wait(); }

 private:
  void begin() {
    aws::ObjectName bucket;
    bucket.bucket = query_.bucket;
    bucket.requester_pays = query_.requester_pays;
    objects_ = std::make_unique<aws::ObjectQueue>(aws::S3(session_), std::move(bucket),
                                                  inputs_.options_.fetchers, inputs_.stop_);
    lister_ = std::thread([this] { list(); });
  }

  void list() {
    aws::TrailFiles files{aws::S3(session_), query_};
    const auto take = [&](aws::ListedObject object) {
      const std::string name = objects_->input_name(object.key);
      if (inputs_.finished_.is_open() && inputs_.finished_.contains(name)) {
        ++inputs_.skipped_;
        return !inputs_.stop_;
      }
      ++inputs_.totals_.objects;
      inputs_.totals_.bytes += object.size;
      return objects_->add(std::move(object.key));
    };
    const aws::Outcome<void> walked = files.walk(take, inputs_.stop_);
    --inputs_.totals_.listings;
    objects_->finish(walked ? std::nullopt : std::optional<Error>(aws::to_error(walked.error())));
  }

  ScanInputs& inputs_;
  aws::Session& session_;
  const aws::TrailQuery query_;
  std::unique_ptr<aws::ObjectQueue> objects_;
  std::thread lister_;
};

void CloudOptions::add_to(CLI::App& command) {
  const char* const kGroup = "Of s3://BUCKET/PREFIX and cloudtrail://REGION";
  const auto add = [&](const char* option, auto& value, const char* help, const char* type) {
    return command.add_option(option, value, help)->type_name(type)->group(kGroup);
  };
  add("--since", since, "Log files delivered, or events that happened, from then on: a time, or 7d",
      "TIME");
  add("--until", until, "… and up to then", "TIME");
  add("--account", accounts, "Only this account of the trail (may be given again)", "ID")
      ->allow_extra_args(false);
  add("--region", regions, "Only this region of the trail (may be given again)", "REGION")
      ->allow_extra_args(false);
  add("--fetch", fetchers, "Objects that are fetched at once (default 8)", "N")
      ->check(CLI::Range(1, 256));
  add("--resume", resume,
      "Note in FILE which objects are done; with the same FILE they are not read again", "FILE");
  add("--profile", profile, "The profile of ~/.aws/config to use", "NAME");
  add("--role-arn", role_arn, "A role to assume", "ARN");
  add("--external-id", external_id, "… with this external id", "ID");
  add("--allow-network", networks,
      "A private network that may be connected to: of a VPC endpoint, say (may be given again)",
      "CIDR")
      ->allow_extra_args(false);
  command.add_flag("--requester-pays", requester_pays, "Pay for reading somebody else's bucket")
      ->group(kGroup);
}

ScanInputs::ScanInputs(CloudOptions options, const std::atomic<bool>& stop)
    : options_(std::move(options)), stop_(stop) {}

ScanInputs::~ScanInputs() = default;

Status ScanInputs::read_times() {
  for (auto [text, option, time] : {std::tuple(&options_.since, "--since", &since_),
                                    std::tuple(&options_.until, "--until", &until_)}) {
    if (text->empty()) continue;
    const Result<std::int64_t> read = read_time(*text, option);
    if (!read) return tl::unexpected(read.error());
    *time = *read;
  }
  if (since_ && until_ && *since_ > *until_) {
    return fail(Code::invalid_input, "--since is later than --until: there is nothing between");
  }
  return {};
}

Result<aws::Session*> ScanInputs::session() {
  if (session_ != nullptr) return session_.get();
  aws::Settings settings;
  settings.profile = options_.profile;
  settings.role_arn = options_.role_arn;
  settings.external_id = options_.external_id;
  for (const std::string& network : options_.networks) {
    const Result<IpPrefix> parsed = parse_cidr(network);
    if (!parsed) return fail(Code::invalid_input, "--allow-network: " + parsed.error().message);
    settings.egress.allowed.push_back(*parsed);
  }
  Result<std::unique_ptr<aws::Session>> opened =
      aws::Session::open(settings, aws::process_environment(), metrics_, system_clock());
  if (!opened) return tl::unexpected(std::move(opened.error()));
  session_ = std::move(*opened);
  return session_.get();
}

Status ScanInputs::add_bucket(const std::string& url) {
  const std::string_view place = std::string_view(url).substr(kBucketScheme.size());
  aws::TrailQuery query;
  query.bucket = place.substr(0, place.find('/'));
  if (const std::size_t slash = place.find('/'); slash != place.npos) {
    query.prefix = place.substr(slash + 1);
  }
  if (!aws::is_bucket(query.bucket)) {
    return fail(Code::invalid_input,
                fmt::format("`{}` names no bucket: s3://BUCKET/PREFIX", text::printable(url)));
  }
  query.since = since_;
  query.until = until_;
  query.accounts = options_.accounts;
  query.regions = options_.regions;
  query.requester_pays = options_.requester_pays;
  const Result<aws::Session*> opened = session();
  if (!opened) return tl::unexpected(opened.error());
  if (!options_.resume.empty() && !finished_.is_open()) {
    if (Status status = finished_.open(options_.resume); !status) return status;
  }
  queues_.push_back(std::make_unique<Bucket>(*this, **opened, std::move(query)));
  return {};
}

Status ScanInputs::add_history(const std::string& url) {
  const Result<aws::Session*> opened = session();
  if (!opened) return tl::unexpected(opened.error());
  std::string region = url.substr(kHistoryScheme.size());
  while (region.ends_with('/')) region.pop_back();
  if (region.empty()) region = (*opened)->region();
  if (!aws::is_region(region)) {
    return fail(Code::invalid_input,
                fmt::format("`{}` names no region: cloudtrail://eu-west-1", text::printable(url)));
  }
  const std::int64_t now = system_clock().wall_ms() / 1000;
  queues_.push_back(std::make_unique<History>(
      url, std::make_unique<aws::EventHistory>(**opened, std::move(region),
                                               since_.value_or(now - aws::EventHistory::kSeconds),
                                               until_.value_or(now), stop_)));
  ++totals_.listings;  // nobody knows how much there is
  return {};
}

Status ScanInputs::add(const std::vector<std::string>& inputs) {
  if (Status status = read_times(); !status) return status;
  for (const std::string& input : inputs) {
    if (input.starts_with(kBucketScheme)) {
      if (Status status = add_bucket(input); !status) return status;
    } else if (input.starts_with(kHistoryScheme)) {
      if (Status status = add_history(input); !status) return status;
    } else {
      event::Inputs found = event::expand_inputs({input});
      for (Error& error : found.errors) errors_.push_back(std::move(error));
      if (found.files.empty()) continue;
      if (found.total_bytes == 0) ++totals_.listings;
      totals_.bytes += found.total_bytes;
      queues_.push_back(event::file_queue(std::move(found.files)));
    }
  }
  return {};
}

std::unique_ptr<event::InputQueue> ScanInputs::queue() {
  return event::chain(std::move(queues_));
}

bool ScanInputs::finished(const std::string& input) {
  if (!finished_.is_open() || !input.starts_with(kBucketScheme)) return true;
  return finished_.add(input);
}

}  // namespace tocsin::cli
