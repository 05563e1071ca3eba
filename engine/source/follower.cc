#include "source/follower.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "source/follow_paths.h"

namespace tocsin::source {
namespace {

// How often a text that has been gone for a while is looked for.
constexpr std::int64_t kSearchMs = 60'000;
constexpr std::int64_t kRememberGoneMs = 24LL * 3600 * 1000;
constexpr std::size_t kRememberedGone = 1000;
constexpr std::size_t kHeldFiles = 64;
constexpr std::size_t kComplaints = 1000;

// How the paths of what may hold the text of `path` begin.
std::string place_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1) + std::string(stem_of(path));
}

}  // namespace

Follower::Follower(FollowOptions options, Intake& intake, const Clock& clock)
    : options_(std::move(options)), intake_(intake), clock_(clock) {}

Status Follower::restore() {
  now_ms_ = clock_.steady_ms();
  auto reading = intake_.resume(options_.name);
  if (!reading) return tl::unexpected<Error>(std::move(reading.error()));
  reading_ = *std::move(reading);
  is_first_ = reading_.position().empty();
  complete_ms_ = clock_.wall_ms();
  if (is_first_) return {};
  auto position = decode_position(reading_.position());
  if (!position) {
    log::error("the position of a source is lost; its files are read from the beginning",
               {{"source", options_.name}, {"error", position.error().message}});
    return {};
  }
  read_versions_ = std::move(position->read);
  complete_ms_ = position->complete_ms;
  for (FollowedText& each : position->texts) {
    const Key key = ++last_key_;
    Text& text = texts_[key];
    static_cast<FollowedText&>(text) = std::move(each);
    text.read_path = text.path;
    by_stem_[std::string(stem_of(text.path))].insert(key);
    if (!is_present(text)) continue;
    File& file = files_[text.file.id];
    file.version = text.file;
    file.text = key;
    file.level = text.ended ? Level::all : Level::none;
    file.since_ms = file.changed_ms = now_ms_;
  }
  return {};
}

Result<bool> Follower::pass(std::stop_token stop) {
  stop_ = std::move(stop);
  ++pass_;
  now_ms_ = clock_.steady_ms();
  const std::int64_t began = clock_.wall_ms();
  waits_ = more_ = stopped_ = false;
  read_seen_.clear();
  const std::vector<Found> found = find_files();
  if (pass_ == 1 && found.empty()) {
    log::warning("there is nothing to follow yet",
                 {{"source", options_.name}, {"path", options_.path}});
  }
  read_held();
  for (const Found& each : found) {
    if (stopped_ || stop_.stop_requested()) break;
    visit(each);
  }
  if (!lost_) return tl::unexpected(lost_.error());
  if (stopped_ || stop_.stop_requested()) return false;
  forget();
  is_first_ = false;
  if (complete_ && !more_ && !waits_) complete_ms_ = began;
  if (unsaved_ && !stopped_) submit({}, true);
  if (!lost_) return tl::unexpected(lost_.error());
  return more_ && !stopped_;
}

// --- where things are ----------------------------------------------------------------------------

std::vector<Follower::Found> Follower::find_files() {
  const Listing listing = list_followed(options_.path);
  complete_ = listing.complete;
  is_folder_ = listing.is_folder;
  root_ = listing.root;
  if (!listing.complete) complain(options_.path, listing.problem);
  std::vector<Found> found;
  for (const std::string& path : listing.paths) {
    auto state = file_state(path);
    if (state && state->is_regular) {
      found.push_back({path, *state, true, true});
    } else if (state) {
      complain(path, "cannot follow " + text::printable(path) + ": it is not a regular file");
    } else if (state.error().code != Code::not_found) {
      complain(path, state.error().message);
    }
  }
  locate(found);
  return found;
}

// Where the known texts are. Files that are not listed come first: what they hold is older.
void Follower::locate(std::vector<Found>& found) {
  folders_.clear();
  std::map<FileId, const std::string*> listed;
  for (const Found& each : found) listed.emplace(each.state.id, &each.path);
  names_.clear();
  if (!is_folder_) {
    names_.insert(options_.path);
    for (const Found& each : found) names_.insert(each.path);
  }
  std::vector<Found> others;
  std::vector<Key> lost;
  bool any_gone = false, any_just_gone = false;
  const std::int64_t wall = clock_.wall_ms();
  for (auto& [key, text] : texts_) {
    if (!is_present(text)) {
      any_gone = true;
      any_just_gone = any_just_gone || wall - text.gone_since_ms < options_.abandon_ms;
      continue;
    }
    const auto at = listed.find(text.file.id);
    text.is_listed = at != listed.end();
    if (text.is_listed) {
      text.pass = pass_;
      if (text.path != *at->second) set_path(key, *at->second);
    } else if (!find_moved(key, others)) {
      lost.push_back(key);
    }
  }
  for (const Key key : lost) {
    if (!texts_.at(key).held) lose(key);
  }
  if (!lost.empty()) promote_copies();
  std::set<FileId> present;
  for (const auto& [id, path] : listed) present.insert(id);
  for (const Found& each : others) present.insert(each.state.id);
  const bool is_time = searched_ms_ == kNever || now_ms_ - searched_ms_ >= kSearchMs;
  const bool searches = !lost.empty() || any_just_gone || (any_gone && is_time);
  find_rotated(present, others);
  for (const Found& each : others) present.insert(each.state.id);
  if (searches) {
    searched_ms_ = now_ms_;
    find_gone(present, others);
  }
  for (const Found& each : others) present.insert(each.state.id);
  found.insert(found.begin(), std::make_move_iterator(others.begin()),
               std::make_move_iterator(others.end()));

  if (!complete_ || (any_gone && !searches)) return;
  std::erase_if(files_, [&](const auto& entry) {
    const auto text = texts_.find(entry.second.text);
    const bool is_held = text != texts_.end() && text->second.held.has_value() &&
                         text->second.file.id == entry.first;
    return !is_held && !present.contains(entry.first);
  });
}

const std::vector<std::string>& Follower::beside(const std::string& path) {
  const auto [entry, is_new] = folders_.try_emplace(path.substr(0, path.rfind('/') + 1));
  if (is_new) entry->second = names_beside(path);
  return entry->second;
}

// What is in it was followed under another name when it was written after all that is known: then
// it moved before anybody looked.
Follower::Found Follower::unlisted(const std::string& path, const FileState& state) const {
  Found found{path, state, false, false};
  if (state.mtime_ns / 1'000'000 < complete_ms_) return found;
  for (const std::string& name : names_before_rotation(path)) {
    if (names_.contains(name)) found.may_begin = true;
  }
  return found;
}

// Finds a text's file, which the path does not name: where it was last, or beside it.
bool Follower::find_moved(Key key, std::vector<Found>& found) {
  Text& text = texts_.at(key);
  const auto is_here = [&](const std::string& path) {
    const auto state = file_state(path);
    if (!state || state->id != text.file.id || !state->is_regular) return false;
    found.push_back(unlisted(path, *state));
    text.pass = pass_;
    return true;
  };
  const std::string path = text.path.empty() ? options_.path : text.path;
  if (is_here(path)) return true;
  for (const std::string& other : beside(path)) {
    if (!other.starts_with(place_of(path)) || !is_here(other)) continue;
    set_path(key, other);
    return true;
  }
  return false;
}

// Adds files, other than the `known` ones, that may hold a text that has none any more.
void Follower::find_gone(const std::set<FileId>& known, std::vector<Found>& found) {
  std::set<std::string> places;
  for (const auto& [key, text] : texts_) {
    if (is_present(text)) continue;
    const std::string& path = text.path.empty() ? options_.path : text.path;
    const std::string place = place_of(path);
    if (!places.insert(place).second) continue;
    for (const std::string& other : beside(path)) {
      if (!other.starts_with(place)) continue;
      const auto state = file_state(other);
      if (state && state->is_regular && !known.contains(state->id)) {
        found.push_back(unlisted(other, *state));
      }
    }
  }
}

// Adds files, other than the `known` ones, that were rotated before anybody looked.
void Follower::find_rotated(const std::set<FileId>& known, std::vector<Found>& found) {
  std::set<std::string> folders;
  for (const std::string& name : names_) {
    if (!folders.insert(name.substr(0, name.rfind('/') + 1)).second) continue;
    for (const std::string& other : beside(name)) {
      const auto before = names_before_rotation(other);
      const bool is_rotated = std::any_of(before.begin(), before.end(),
                                          [&](const auto& each) { return names_.contains(each); });
      if (!is_rotated) continue;
      const auto state = file_state(other);
      if (!state || !state->is_regular || known.contains(state->id)) continue;
      if (Found rotated = unlisted(other, *state); rotated.may_begin) {
        found.push_back(std::move(rotated));
      }
    }
  }
}

void Follower::lose(Key key) {
  Text& text = texts_.at(key);
  if (const auto file = files_.find(text.file.id); file != files_.end()) file->second.text = 0;
  text.held.reset();
  text.file = {};
  text.ended = false;
  text.gone_since_ms = std::max<std::int64_t>(clock_.wall_ms(), 1);
}

void Follower::drop(Key key) {
  lose(key);
  texts_.erase(key);
}

// A copy takes the place of a file that is gone.
void Follower::promote_copies() {
  for (auto& [id, file] : files_) {
    const auto found = file.is_copy ? texts_.find(file.text) : texts_.end();
    if (found == texts_.end() || is_present(found->second)) continue;
    Text& text = found->second;
    text.file = file.version;
    text.packed = file.packed;
    unsaved_ = true;
    text.gone_since_ms = 0;
    text.pass = pass_;
    file.level = Level::none;
    // It may be from before the rest was read elsewhere; otherwise it is like any other file now.
    file.is_copy = text.packed || file.version.size < text.marks.size;
  }
}

// Drops what need not be remembered any more.
void Follower::forget() {
  const std::int64_t wall = clock_.wall_ms();
  std::size_t gone = 0;
  std::vector<Key> old;
  for (auto entry = texts_.rbegin(); entry != texts_.rend(); ++entry) {
    const Text& text = entry->second;
    if (!is_present(text)) {
      if (wall - text.gone_since_ms >= kRememberGoneMs || ++gone > kRememberedGone) {
        old.push_back(entry->first);
      }
    } else if (!text.is_listed && text.ended) {
      const auto file = files_.find(text.file.id);
      if (file != files_.end() && idle_ms(file->second) >= kRememberGoneMs) {
        old.push_back(entry->first);
      }
    }
  }
  if (complete_) read_versions_ = std::move(read_seen_);
  if (old.empty()) return;
  unsaved_ = true;
  for (const Key key : old) texts_.erase(key);
  const auto is_forgotten = [&](Key key) { return !texts_.contains(key); };
  for (auto& [stem, keys] : by_stem_) std::erase_if(keys, is_forgotten);
  std::erase_if(by_stem_, [](const auto& entry) { return entry.second.empty(); });
  for (auto& [id, file] : files_) {
    if (file.text != 0 && is_forgotten(file.text)) file.text = 0;
  }
}

void Follower::set_path(Key key, const std::string& path) {
  Text& text = texts_.at(key);
  text.path = path;
  by_stem_[std::string(stem_of(path))].insert(key);
}

// --- one file ------------------------------------------------------------------------------------

void Follower::visit(const Found& found) {
  const std::uint64_t version = version_hash(found.state);
  if (read_versions_.contains(version)) {
    read_seen_.insert(version);
    return;
  }
  const bool is_new = !files_.contains(found.state.id);
  File& file = files_[found.state.id];
  if (file.pass == pass_) return;  // it has several names
  file.pass = pass_;
  if (is_new) file.since_ms = now_ms_;
  if (is_new || !file.version.same_version(found.state)) {
    if (file.is_copy && found.state.size < file.version.size) {  // it is none any more
      if (texts_.at(file.text).file.id == found.state.id) lose(file.text);
      promote_copies();
      file.text = 0;
      file.is_copy = false;
    }
    file.version = found.state;
    file.changed_ms = now_ms_;
    file.level = Level::none;
    if (file.is_ignored) file.since_ms = now_ms_;
    file.is_ignored = false;
  }
  if (file.is_ignored) return;
  // Nothing of it was read: it may just as well be something else by now.
  if (file.text != 0 && file.level == Level::none && texts_.at(file.text).marks.size == 0 &&
      !file.is_copy) {
    drop(std::exchange(file.text, 0));
  }
  if (file.text == 0 && !identify(file, found)) return;
  read_on(file, found);
}

// Texts whose files have no name that is known.
void Follower::read_held() {
  for (auto& [key, text] : texts_) {
    if (!text.held || text.pass == pass_ || !is_present(text)) continue;
    auto state = text.held->state();
    if (!state) {
      complain(text.path, state.error().message);
      lose(key);
      continue;
    }
    File& file = files_[text.file.id];
    file.text = key;
    file.pass = pass_;
    const bool changed = !file.version.same_version(*state);
    file.version = *state;
    if (changed) {
      file.changed_ms = now_ms_;
      file.level = Level::none;
    }
    read_on(file, {text.path, *state, false, true});
    const auto last = state->is_linked ? options_.abandon_ms : options_.settle_ms;
    if (file.text == key && file.level == Level::all && idle_ms(file) >= last) lose(key);
    if (stopped_) return;
  }
  promote_copies();
}

// The operator's own path may lead anywhere, what is found by listing may not.
Result<FollowedFile> Follower::open(const std::string& path) const {
  return FollowedFile::open(path, path == options_.path ? std::string() : root_);
}

void Follower::hold(Key key, FollowedFile file) {
  Text& text = texts_.at(key);
  if (text.held) return;
  text.held = std::move(file);
  held_.push_back(key);
  while (held_.size() > kHeldFiles) {
    const auto oldest = texts_.find(held_.front());
    held_.pop_front();
    if (oldest != texts_.end()) oldest->second.held.reset();
  }
}

void Follower::complain(const std::string& path, const std::string& message) {
  if (complaints_.size() >= kComplaints) complaints_.clear();
  std::string& last = complaints_[path];
  if (std::exchange(last, message) == message) return;
  log::warning("a followed file cannot be read",
               {{"source", options_.name}, {"path", path}, {"error", message}});
}

}  // namespace tocsin::source
