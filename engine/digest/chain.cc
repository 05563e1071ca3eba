#include "digest/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/time.h"
#include "digest/member.h"
#include "net/crypto.h"
#include "net/public_key.h"

namespace tocsin::digest {
namespace {

// Hours of digests meet to the second; this much is no hole.
constexpr std::int64_t kSlack = 60;

tl::unexpected<std::pair<State, std::string>> wrong(State state, std::string detail) {
  return tl::unexpected(std::pair(state, std::move(detail)));
}

std::optional<std::string> decode_hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string text_of(const net::Sha256& hash) {
  return net::hex(net::as_text(hash));
}

const std::string* metadata_of(const std::map<std::string, std::string>& metadata,
                               const std::string& name) {
  const auto found = metadata.find(name);
  return found == metadata.end() ? nullptr : &found->second;
}

}  // namespace

Chain::Chain(const Context& context, Place place, ChainName name, std::vector<ListedDigest> listed,
             Coverage& coverage)
    : context_(context),
      place_(std::move(place)),
      name_(std::move(name)),
      listed_(std::move(listed)),
      coverage_(coverage) {}

void Chain::walk() {
  std::optional<Step> step = newest_before(std::numeric_limits<std::int64_t>::max());
  if (step) check_tail(*step);
  while (step && !context_.stop) step = visit(*step);
}

std::optional<Chain::Step> Chain::visit(const Step& step) {
  visited_.insert(place_.bucket + '/' + step.key);
  const Checked<Content> content = read(step);
  const Checked<Digest> digest =
      content ? check(step, *content) : Checked<Digest>(tl::unexpected(content.error()));
  if (!digest) {
    if (context_.stop) return std::nullopt;
    if (step.gap) context_.report(*step.gap);
    report(digest.error().first, step.key, step.end - kHour, step.end, digest.error().second);
    return resume(step);
  }
  if (step.gap) {
    Finding gap = *step.gap;
    gap.message += cause_of_gap(*digest);
    context_.report(gap);
  }
  report(content->is_followed ? State::appended : State::valid, step.key, digest->start,
         digest->end, "there is more after the end of its gzip data");
  coverage_.add(*digest, name_.is_backfill);
  coverage_.roots.emplace(place_.bucket, place_.root);
  verify_files(*digest);
  return follow(*digest);
}

Chain::Checked<Chain::Content> Chain::read(const Step& step) {
  Result<Object> object = context_.archive.open(place_.bucket, step.key);
  if (!object && object.error().code == Code::not_found) {
    return wrong(State::missing_digest, step.link
                                            ? "the digest after it, which is genuine, names it"
                                            : "it was deleted while digests were verified");
  }
  if (!object) return wrong(State::unreadable, object.error().message);
  Content content;
  const Result<Member> member = read_member(*object->bytes, kDigestBytes, content.text);
  if (!member) {
    const bool is_damaged = member.error().code == Code::invalid_input;
    return wrong(is_damaged ? State::modified : State::unreadable, member.error().message);
  }
  content.hash = member->hash;
  content.is_followed = member->is_followed;
  content.metadata = std::move(object->metadata);
  return content;
}

Chain::Checked<Digest> Chain::check(const Step& step, const Content& content) {
  Result<Digest> digest = parse_digest(content.text);
  if (!digest) return wrong(State::modified, digest.error().message);
  if (digest->bucket != place_.bucket || digest->key != step.key) {
    return wrong(State::modified, fmt::format("it is the digest s3://{}/{}, moved or copied",
                                              digest->bucket, digest->key));
  }
  // Copies lose their metadata; then the digest after it, which is proven, has the signature too.
  const std::string* hex = metadata_of(content.metadata, "signature");
  const std::string* algorithm = metadata_of(content.metadata, "signature-algorithm");
  if (hex == nullptr && step.link && !step.link->signature.empty()) hex = &step.link->signature;
  if (hex == nullptr) {
    return wrong(State::bad_signature,
                 "the object has no metadata `signature`, and no proven digest follows that would "
                 "have its signature");
  }
  if (algorithm != nullptr && *algorithm != kSignatureAlgorithm) {
    return wrong(State::bad_signature, fmt::format("its signature's algorithm is `{}`, not {}",
                                                   *algorithm, kSignatureAlgorithm));
  }
  const Checked<std::string> key = find_key(*digest, content);
  if (!key) return tl::unexpected(key.error());
  const std::optional<std::string> signature = decode_hex(*hex);
  const Status fits =
      signature ? net::verify_rsa_key(*key, signed_text(*digest, content.text), *signature)
                : fail(Code::refused, "its signature is not hexadecimal");
  if (!fits) return wrong(State::bad_signature, fits.error().message);
  if (step.link && !step.link->hash.empty() && step.link->hash != text_of(content.hash)) {
    return wrong(State::modified,
                 "its signature is right, but the digest after it has another "
                 "hash of it: one of two digests of the hour");
  }
  return std::move(*digest);
}

// A backfill digest is signed long after the hour that it is of: its metadata say when.
Chain::Checked<std::string> Chain::find_key(const Digest& digest, const Content& content) {
  std::int64_t from = context_.query.since.value_or(digest.start);
  std::int64_t to = context_.query.until.value_or(digest.end) + kGrace;
  from = std::min(from, digest.start);
  to = std::max(to, digest.end);
  if (name_.is_backfill) {
    const std::string* made = metadata_of(content.metadata, "backfill-generation-timestamp");
    const std::optional<CivilTime> time = made ? parse_time(*made) : std::nullopt;
    if (!time) {
      return wrong(State::bad_signature,
                   "a backfill digest must have the metadata `backfill-generation-timestamp`");
    }
    from = time->unix_seconds() - kHour;
    to = time->unix_seconds() + kHour;
  }
  const auto key = context_.keys.find(place_.region, digest.fingerprint, from, to);
  if (!key) {
    return wrong(State::unreadable, "there are no public keys: " + key.error().message);
  }
  if (!*key) {
    return wrong(State::bad_signature,
                 fmt::format("CloudTrail in {} had no key with the fingerprint {} at that time",
                             place_.region, digest.fingerprint));
  }
  return **key;
}

std::optional<Chain::Step> Chain::follow(const Digest& digest) {
  if (context_.query.since && digest.start < *context_.query.since) return std::nullopt;
  if (digest.previous && !visited_.contains(digest.previous->bucket + '/' + digest.previous->key)) {
    const Link& link = *digest.previous;
    const std::optional<DigestName> name = parse_digest_name(link.key);
    if (link.bucket != place_.bucket) {  // the trail's bucket was changed
      place_.bucket = link.bucket;
      if (name) place_.root = name->root;
      auto listed = list_digests(context_, place_);
      if (!listed) {
        report(State::unreadable, link.key, digest.start - kHour, digest.start,
               listed.error().message);
        return std::nullopt;
      }
      listed_ = std::move((*listed)[name_]);
    }
    return Step{link.key, name ? name->end : digest.start, link};
  }
  std::optional<Step> next = newest_before(digest.end);
  if (next && !name_.is_backfill) {
    next->gap = finding(State::gap, true,
                        fmt::format("the chain of digests begins anew at {}, and the digest before "
                                    "it is of {}",
                                    format_time(digest.start), format_time(next->end)));
    next->gap->key = digest.key;
    next->gap->from = std::min(next->end, digest.start);
    next->gap->to = digest.start;
  }
  return next;
}

// Nothing is known about what the digest of `broken` would have said of the one before it: digests
// are hourly, so a longer hole is digests that are not there.
std::optional<Chain::Step> Chain::resume(const Step& broken) {
  std::optional<Step> next = newest_before(broken.end);
  if (name_.is_backfill) return next;
  const std::int64_t expected = broken.end - kHour;
  if (!next && !context_.query.since) return next;
  const std::int64_t end = next ? next->end : *context_.query.since;
  if (end + kSlack < expected) {
    const std::optional<DigestName> name = parse_digest_name(broken.key);
    report(State::missing_digest, name ? digest_key(*name, expected) : broken.key, end, expected,
           fmt::format("there is none from {} to {}, and the one after that time is not proven. "
                       "Either they were deleted, or the trail did not log",
                       format_time(end), format_time(expected)));
  }
  return next;
}

// Backfill digests are not in the order of their hours.
std::optional<Chain::Step> Chain::newest_before(std::int64_t end) {
  while (!listed_.empty()) {
    const ListedDigest last = std::move(listed_.back());
    listed_.pop_back();
    if (visited_.contains(place_.bucket + '/' + last.key)) continue;
    if (last.end < end || name_.is_backfill) return Step{last.key, last.end};
  }
  return std::nullopt;
}

// Whether digests were deleted behind the newest one, or never were, nothing that is signed says.
void Chain::check_tail(const Step& newest) {
  const auto& until = context_.query.until;
  if (!until || name_.is_backfill || newest.end + kHour + kGrace >= *until) return;
  report(State::gap, newest.key, newest.end, *until,
         fmt::format("no digest is newer than {}, and if some were deleted, nothing refers to them",
                     format_time(newest.end)));
}

Finding Chain::finding(State state, bool is_digest, std::string_view detail) const {
  Finding finding;
  finding.state = state;
  finding.is_digest = is_digest;
  finding.is_backfill = name_.is_backfill;
  finding.bucket = place_.bucket;
  finding.account = place_.account;
  finding.region = place_.region;
  finding.trail = name_.trail;
  finding.message = explain(state, is_digest, detail);
  return finding;
}

void Chain::report(State state, const std::string& key, std::int64_t from, std::int64_t to,
                   std::string_view detail) const {
  Finding made = finding(state, true, detail);
  made.key = key;
  made.from = from;
  made.to = to;
  context_.report(made);
}

}  // namespace tocsin::digest
