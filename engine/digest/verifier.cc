#include "digest/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "digest/chain.h"
#include "digest/layout.h"

namespace tocsin::digest {
namespace {

constexpr std::string_view kLogs = "AWSLogs", kDigests = "CloudTrail-Digest",
                           kLogFiles = "CloudTrail";

bool is_wanted(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

bool is_organization(std::string_view folder) {
  return folder.starts_with("o-");
}

// A prefix, split where the layout begins.
struct Beginning {
  std::string logs;                 // "[prefix/]AWSLogs/"
  std::vector<std::string> within;  // what comes after it: [o-ORG, ]ACCOUNT, service, REGION, …
};
Beginning split(std::string_view prefix) {
  Beginning beginning;
  bool is_within = false;
  while (!prefix.empty()) {
    const std::size_t slash = prefix.find('/');
    const std::string folder(prefix.substr(0, slash));
    prefix.remove_prefix(slash == prefix.npos ? prefix.size() : slash + 1);
    if (is_within) {
      beginning.within.push_back(folder);
    } else {
      beginning.logs += folder + '/';
      is_within = folder == kLogs;
    }
  }
  if (!is_within) beginning.logs += std::string(kLogs) + '/';
  return beginning;
}

// Finds the places below a query's prefix.
class Places {
 public:
  Places(Archive& archive, const Query& query) : archive_(archive), query_(query) {}

  Result<std::vector<Place>> find() {
    const Beginning beginning = split(query_.prefix);
    within_ = beginning.within;
    if (Status status = accounts(beginning.logs, 0); !status) return tl::unexpected(status.error());
    if (places_.empty()) {
      return fail(
          Code::not_found,
          fmt::format("there are no digests below s3://{}/{} (…/ACCOUNT/{}/REGION/) for the "
                      "accounts and regions that were asked for: name the trail's prefix, "
                      "and see that its log file validation is on",
                      query_.bucket, beginning.logs, kDigests));
    }
    return std::move(places_);
  }

 private:
  // The folders at a depth: the one that the prefix names, or all.
  Result<std::vector<std::string>> folders(const std::string& parent, std::size_t depth) {
    if (depth < within_.size()) return std::vector<std::string>{within_[depth]};
    return archive_.folders(query_.bucket, parent);
  }

  Status accounts(const std::string& parent, std::size_t depth) {
    const auto found = folders(parent, depth);
    if (!found) return tl::unexpected(found.error());
    for (const std::string& folder : *found) {
      const std::string path = parent + folder + '/';
      Status status;
      if (depth == 0 && is_organization(folder)) {
        status = accounts(path, 1);
      } else if (is_wanted(query_.accounts, folder)) {
        status = regions(path, folder, depth + 2);
      }
      if (!status) return status;
    }
    return {};
  }

  // Regions that have log files count too: their digests may all have been deleted.
  Status regions(const std::string& root, const std::string& account, std::size_t depth) {
    std::set<std::string> names;
    for (const std::string_view service : {kDigests, kLogFiles}) {
      const auto found = folders(fmt::format("{}{}/", root, service), depth);
      if (!found) return tl::unexpected(found.error());
      names.insert(found->begin(), found->end());
    }
    for (const std::string& region : names) {
      if (is_wanted(query_.regions, region)) {
        places_.push_back({query_.bucket, root, account, region});
      }
    }
    return {};
  }

  Archive& archive_;
  const Query& query_;
  std::vector<std::string> within_;
  std::vector<Place> places_;
};

// Reports the log files of a place that no digest lists, where the hours around them are proven.
Status find_unlisted(const Context& context, const Place& place, const Coverage& coverage) {
  constexpr std::int64_t kRounding = 300;  // a name's time is that of five minutes
  const auto& since = context.query.since;
  const auto& until = context.query.until;
  const std::string folder = place.logs();
  const std::string behind = until ? folder + day_folder(*until) + "/~" : "";
  const auto judge = [&](const std::string& key) {
    if (context.stop || (until && key > behind)) return false;
    const std::optional<std::int64_t> time = parse_log_time(key);
    if (key.ends_with('/') || coverage.lists(place.bucket, key)) return true;
    if (time && ((since && *time < *since) || (until && *time > *until) ||
                 !coverage.covers(*time - kRounding, *time + kGrace))) {
      return true;
    }
    Finding finding;
    finding.state = State::unlisted;
    finding.bucket = place.bucket;
    finding.key = key;
    finding.account = place.account;
    finding.region = place.region;
    finding.from = finding.to = time.value_or(0);
    finding.message = explain(State::unlisted, false,
                              time ? "the digests of its hour and of the two after it are genuine"
                                   : "CloudTrail gives no such names");
    context.report(finding);
    return true;
  };
  return context.archive.list(place.bucket, folder, since ? folder + day_folder(*since) : "",
                              judge);
}

// That a place has no digest is no proof of anything, and must not pass in silence.
void report_nothing(const Context& context, const Place& place) {
  Finding finding;
  finding.state = State::gap;
  finding.is_digest = true;
  finding.bucket = place.bucket;
  finding.key = place.digests();
  finding.account = place.account;
  finding.region = place.region;
  finding.from = context.query.since.value_or(0);
  finding.to = context.query.until.value_or(finding.from);
  finding.message = explain(State::gap, true, "there is no digest of that time here");
  context.report(finding);
}

Result<std::uint64_t> verify_place(const Context& context, const Place& place) {
  auto chains = list_digests(context, place);
  if (!chains) return tl::unexpected(chains.error());
  if (chains->empty() && !context.stop) report_nothing(context, place);
  Coverage coverage;
  for (auto& [name, listed] : *chains) {
    Chain(context, place, name, std::move(listed), coverage).walk();
    if (context.stop) return chains->size();
  }
  coverage.seal();
  for (const auto& [bucket, root] : coverage.roots) {
    const Place at{bucket, root, place.account, place.region};
    if (Status status = find_unlisted(context, at, coverage); !status) {
      return tl::unexpected(status.error());
    }
  }
  return chains->size();
}

}  // namespace

Result<std::map<ChainName, std::vector<ListedDigest>>> list_digests(const Context& context,
                                                                    const Place& place) {
  const auto& since = context.query.since;
  const std::optional<std::int64_t> last =
      context.query.until ? std::optional(*context.query.until + kGrace) : std::nullopt;
  const std::string folder = place.digests();
  const std::string behind = last ? folder + day_folder(*last) + "/~" : "";
  std::map<ChainName, std::vector<ListedDigest>> chains;
  const auto take = [&](const std::string& key) {
    if (context.stop || (last && key > behind)) return false;
    const std::optional<DigestName> name = parse_digest_name(key);
    if (!name || (since && name->end < *since) || (last && name->end > *last)) return true;
    chains[name->chain].push_back({key, name->end});
    return true;
  };
  const Status listed =
      context.archive.list(place.bucket, folder, since ? folder + day_folder(*since) : "", take);
  if (!listed) return tl::unexpected(listed.error());
  return chains;
}

Result<Verified> verify(Archive& archive, PublicKeys& keys, const Query& query,
                        const Report& report, const std::atomic<bool>& stop) {
  const auto places = Places(archive, query).find();
  if (!places) return tl::unexpected(places.error());
  KeyRing ring(keys);
  const Context context{archive, ring, query, report, stop};
  Verified verified;
  for (const Place& place : *places) {
    const auto chains = verify_place(context, place);
    if (stop) break;
    if (!chains) return tl::unexpected(chains.error());
    verified.chains += *chains;
  }
  verified.is_complete = !stop;
  return verified;
}

}  // namespace tocsin::digest
