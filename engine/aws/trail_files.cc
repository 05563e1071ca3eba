#include "aws/trail_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"

namespace tocsin::aws {
namespace {

constexpr std::string_view kLogs = "AWSLogs";
constexpr std::string_view kTrail = "CloudTrail";

// Of components after AWSLogs and the organization.
enum Depth : std::size_t { kAccount = 0, kService = 1, kRegion = 2, kYear = 3 };

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> components_of(std::string_view prefix) {
  std::vector<std::string> components;
  while (!prefix.empty()) {
    const std::size_t slash = std::min(prefix.find('/'), prefix.size());
    components.emplace_back(prefix.substr(0, slash));
    prefix.remove_prefix(std::min(slash + 1, prefix.size()));
  }
  return components;
}

// "2026/01/31" of a day.
std::string day_path(std::int64_t unix_seconds) {
  const CivilTime time = civil_from_unix(unix_seconds);
  return fmt::format("{:04}/{:02}/{:02}", time.year, time.month, time.day);
}

// The last component of "a/b/c/".
std::string_view last_of(std::string_view folder) {
  if (folder.ends_with('/')) folder.remove_suffix(1);
  return folder.substr(folder.rfind('/') + 1);
}

bool allows(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::int64_t kDay = 24LL * 3600;

}  // namespace

std::optional<std::int64_t> delivery_time(std::string_view key) {
  // 111122223333_CloudTrail_eu-west-1_20260131T1205Z_kq3Zt….json.gz
  std::string_view name = key.substr(key.rfind('/') + 1);
  for (int i = 0; i < 3; ++i) {
    const std::size_t bar = name.find('_');
    if (bar == name.npos) return std::nullopt;
    if (i == 1 && name.substr(0, bar) != kTrail) return std::nullopt;
    name.remove_prefix(bar + 1);
  }
  const std::string_view time = name.substr(0, name.find('_'));  // 20260131T1205Z
  if (time.size() != 14 || time[8] != 'T' || time.back() != 'Z') return std::nullopt;
  const std::optional<CivilTime> parsed = parse_time(fmt::format("{}00Z", time.substr(0, 13)));
  if (!parsed) return std::nullopt;
  return parsed->unix_seconds();
}

TrailPlace trail_place(std::string_view prefix) {
  TrailPlace place;
  std::vector<std::string> all = components_of(prefix);
  const auto logs = std::find(all.begin(), all.end(), kLogs);
  if (logs == all.end()) return place;
  place.is_below_logs = true;
  place.components.assign(logs + 1, all.end());
  if (!place.components.empty() && place.components.front().starts_with("o-")) {
    place.components.erase(place.components.begin());
  }
  return place;
}

ListRequest TrailFiles::request(const std::string& prefix) const {
  ListRequest request;
  request.bucket = query_.bucket;
  request.prefix = prefix;
  request.requester_pays = query_.requester_pays;
  return request;
}

bool TrailFiles::is_wanted(const ListedObject& object) const {
  if (object.key.ends_with('/')) return false;  // a folder that somebody made
  const TrailPlace place = trail_place(object.key);
  const std::vector<std::string>& names = place.components;
  if (place.is_below_logs &&
      ((names.size() > kService && names[kService] != kTrail) ||
       (names.size() > kAccount + 1 && !allows(query_.accounts, names[kAccount])) ||
       (names.size() > kRegion + 1 && !allows(query_.regions, names[kRegion])))) {
    return false;
  }
  std::optional<std::int64_t> time = delivery_time(object.key);
  if (!time) {
    if (const auto modified = parse_time(object.last_modified)) time = modified->unix_seconds();
  }
  return !time ||
         ((!query_.since || *time >= *query_.since) && (!query_.until || *time <= *query_.until));
}

// Keys after `start_after`, before `end` ("": no end).
TrailFiles::Walked TrailFiles::list(const std::string& prefix, const std::string& start_after,
                                    const std::string& end) {
  ListRequest asked = request(prefix);
  asked.start_after = start_after;
  do {
    Outcome<ListPage> page = s3_.list(asked, *stop_);
    if (!page) return tl::unexpected(std::move(page.error()));
    for (ListedObject& object : page->objects) {
      if (!end.empty() && object.key >= end) return true;
      if (!is_wanted(object)) {
        ++passed_over_;
      } else if (!(*found_)(std::move(object))) {
        return false;
      }
    }
    asked.continuation = std::move(page->continuation);
  } while (!asked.continuation.empty());
  return true;
}

Outcome<std::vector<std::string>> TrailFiles::folders(const std::string& prefix) {
  std::vector<std::string> found;
  ListRequest asked = request(prefix);
  asked.delimiter = "/";
  do {
    Outcome<ListPage> page = s3_.list(asked, *stop_);
    if (!page) return tl::unexpected(std::move(page.error()));
    for (std::string& folder : page->prefixes) found.push_back(std::move(folder));
    asked.continuation = std::move(page->continuation);
  } while (!asked.continuation.empty());
  return found;
}

// A file of yesterday's last minutes may lie in today's folder, and the other way round.
TrailFiles::Walked TrailFiles::walk_region(const std::string& prefix) {
  std::string after, end;
  if (query_.since) after = prefix + day_path(*query_.since - kDay);
  if (query_.until) end = prefix + day_path(*query_.until + 2 * kDay);
  return list(prefix, after, end);
}

TrailFiles::Walked TrailFiles::walk_children(const std::string& prefix, std::size_t depth) {
  const Outcome<std::vector<std::string>> children = folders(prefix);
  if (!children) return tl::unexpected(children.error());
  for (const std::string& child : *children) {
    const std::string_view name = last_of(child);
    Walked walked = true;
    if (depth == kAccount && name.starts_with("o-")) {
      walked = walk_children(child, kAccount);
    } else if (depth == kAccount && is_digits(name) && allows(query_.accounts, name)) {
      walked = walk_below_logs(child, kService);
    } else if (depth == kRegion && allows(query_.regions, name)) {
      walked = walk_region(child);
    }
    if (!walked || !*walked) return walked;
  }
  return true;
}

// `depth`: of what comes after the prefix.
TrailFiles::Walked TrailFiles::walk_below_logs(const std::string& prefix, std::size_t depth) {
  switch (depth) {
    case kAccount:
      return walk_children(prefix, kAccount);
    case kService:
      return walk_children(fmt::format("{}{}/", prefix, kTrail), kRegion);
    case kRegion:
      return walk_children(prefix, kRegion);
    case kYear:
      return walk_region(prefix);
    default:
      return list(prefix, "", "");
  }
}

TrailFiles::Walked TrailFiles::walk_folder(const std::string& prefix) {
  const TrailPlace place = trail_place(prefix);
  if (place.is_below_logs) return walk_below_logs(prefix, place.components.size());
  const std::string logs = fmt::format("{}{}/", prefix, kLogs);
  ListRequest probe = request(logs);
  probe.max_keys = 1;
  const Outcome<ListPage> page = s3_.list(probe, *stop_);
  if (!page) return tl::unexpected(page.error());
  if (!page->objects.empty()) return walk_below_logs(logs, kAccount);
  return list(prefix, "", "");
}

Outcome<void> TrailFiles::walk(const Found& found, const std::atomic<bool>& stop) {
  found_ = &found;
  stop_ = &stop;
  std::string prefix = query_.prefix;
  if (!prefix.empty() && !prefix.ends_with('/')) {
    ListRequest probe = request(prefix);
    probe.max_keys = 1;
    Outcome<ListPage> page = s3_.list(probe, stop);
    if (!page) return tl::unexpected(std::move(page.error()));
    if (!page->objects.empty() && page->objects.front().key == prefix) {
      found(std::move(page->objects.front()));
      return {};
    }
    prefix += '/';
  }
  Walked walked = walk_folder(prefix);
  if (!walked) return tl::unexpected(std::move(walked.error()));
  return {};
}

}  // namespace tocsin::aws
