#include "digest/layout.h"

#include <fmt/format.h>

#include "base/time.h"

namespace tocsin::digest {
namespace {

constexpr std::string_view kSuffix = ".json.gz", kBackfill = "_backfill";

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool strip_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// What stands after the last `separator`, which is cut off together with it.
std::optional<std::string_view> cut_last(std::string_view& text, char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == text.npos) return std::nullopt;
  const std::string_view last = text.substr(at + 1);
  text = text.substr(0, at);
  return last;
}

std::string_view cut_first(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return first;
}

// The folders of a key's name, from behind: ROOT/SERVICE/REGION/YYYY/MM/DD/NAME.
struct Folders {
  std::string_view root, account, region, name;
};
std::optional<Folders> folders_of(std::string_view key, std::string_view service) {
  Folders folders;
  const auto name = cut_last(key, '/');
  for (int i = 0; i < 3; ++i) {
    if (!cut_last(key, '/')) return std::nullopt;
  }
  const auto region = cut_last(key, '/');
  if (!name || !region || cut_last(key, '/') != service) return std::nullopt;
  folders.name = *name;
  folders.region = *region;
  folders.root = key;
  const std::size_t slash = key.rfind('/');
  folders.account = slash == key.npos ? key : key.substr(slash + 1);
  if (folders.account.empty() || folders.region.empty()) return std::nullopt;
  return folders;
}

// "20260131T1205Z", with seconds or without.
std::optional<std::int64_t> compact_time(std::string_view text) {
  constexpr std::size_t kWithSeconds = 16, kWithout = 14;
  if ((text.size() != kWithSeconds && text.size() != kWithout) || text[8] != 'T' ||
      text.back() != 'Z') {
    return std::nullopt;
  }
  std::string whole(text);
  if (text.size() == kWithout) whole.insert(whole.size() - 1, "00");
  const std::optional<CivilTime> time = parse_time(whole);
  if (!time) return std::nullopt;
  return time->unix_seconds();
}

}  // namespace

std::optional<DigestName> parse_digest_name(std::string_view key) {
  const std::optional<Folders> folders = folders_of(key, "CloudTrail-Digest");
  if (!folders) return std::nullopt;
  std::string_view name = folders->name;
  DigestName digest;
  if (!strip_suffix(name, kSuffix)) return std::nullopt;
  digest.chain.is_backfill = strip_suffix(name, kBackfill);
  if (!strip_prefix(name,
                    fmt::format("{}_CloudTrail-Digest_{}_", folders->account, folders->region))) {
    return std::nullopt;
  }
  const auto time = cut_last(name, '_');
  const auto home = cut_last(name, '_');  // a trail's name may hold underscores, a region none
  const auto end = time ? compact_time(*time) : std::nullopt;
  if (!end || !home || home->empty() || name.empty()) return std::nullopt;
  digest.end = *end;
  digest.chain.home_region = *home;
  digest.chain.trail = name;
  digest.root = std::string(folders->root) + '/';
  digest.account = folders->account;
  digest.region = folders->region;
  return digest;
}

std::string digest_key(const DigestName& name, std::int64_t end) {
  const CivilTime time = civil_from_unix(end);
  return fmt::format(
      "{}CloudTrail-Digest/{}/{}/{}_CloudTrail-Digest_{}_{}_{}_{:04}{:02}{:02}T{:02}"
      "{:02}{:02}Z{}{}",
      name.root, name.region, day_folder(end), name.account, name.region, name.chain.trail,
      name.chain.home_region, time.year, time.month, time.day, time.hour, time.minute, time.second,
      name.chain.is_backfill ? kBackfill : "", kSuffix);
}

std::optional<std::int64_t> parse_log_time(std::string_view key) {
  const std::optional<Folders> folders = folders_of(key, "CloudTrail");
  if (!folders) return std::nullopt;
  std::string_view name = folders->name;
  if (!strip_suffix(name, kSuffix) ||
      !strip_prefix(name, fmt::format("{}_CloudTrail_{}_", folders->account, folders->region))) {
    return std::nullopt;
  }
  return compact_time(cut_first(name, '_'));
}

std::string day_folder(std::int64_t seconds) {
  const CivilTime time = civil_from_unix(seconds);
  return fmt::format("{:04}/{:02}/{:02}", time.year, time.month, time.day);
}

}  // namespace tocsin::digest
