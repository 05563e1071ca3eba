// Which text is in a file that is not known?
#include <algorithm>
#include <functional>
#include <string_view>

#include "base/log.h"
#include "source/follow_paths.h"
#include "source/follower.h"

namespace tocsin::source {
namespace {

// How long a file that grows may be taken for a copy that is being made.
constexpr std::int64_t kCopyMs = 60'000;
// A file is compared with so many texts at most, the newest first.
constexpr std::size_t kCandidates = 2000;
constexpr std::size_t kFileHeadBytes = 1024;
// Less does not tell one text from another.
constexpr std::uint64_t kLeastBytes = 256;
// from_end: how far back the beginning of the last line is looked for.
constexpr std::uint64_t kLineBytes = std::uint64_t{16} << 20;

// Where the line begins that the first `size` bytes end in.
Result<std::uint64_t> last_line(const FollowedFile& file, std::uint64_t size) {
  constexpr std::uint64_t kStep = std::uint64_t{64} << 10;
  const std::uint64_t least = size - std::min(size, kLineBytes);
  for (std::uint64_t end = size; end > least;) {
    const std::uint64_t begin = end - std::min(end, kStep);
    const auto text = file.read_at(begin, static_cast<std::size_t>(end - begin));
    if (!text) return tl::unexpected<Error>(text.error());
    if (const auto at = text->rfind('\n'); at != std::string::npos) return begin + at + 1;
    end = begin;
  }
  return least == 0 ? 0 : size;
}

Head read_head(const FollowedFile& file, bool packed) {
  std::string first(kFileHeadBytes, '\0');
  std::size_t size = 0;
  const auto text = file.text(packed);
  while (size < first.size()) {
    const auto got = text->read(first.data() + size, first.size() - size);
    if (!got || *got == 0) break;
    size += *got;
  }
  return Head(std::string_view(first).substr(0, size));
}

}  // namespace

// Texts that were under names that begin as this one does.
std::vector<Follower::Key> Follower::candidates(const std::string& path) const {
  std::set<Key, std::greater<>> keys;
  const std::string name = path.substr(path.rfind('/') + 1);
  for (std::size_t size = 0; size <= name.size(); ++size) {
    const auto found = by_stem_.find(name.substr(0, size));
    if (found == by_stem_.end()) continue;
    auto key = found->second.rbegin();
    for (std::size_t i = 0; i < kCandidates && key != found->second.rend(); ++i, ++key) {
      keys.insert(*key);
    }
  }
  std::vector<Key> newest(keys.begin(), keys.end());
  newest.resize(std::min(newest.size(), kCandidates));
  return newest;
}

// Gives the file a text. False: it has none yet, or none that is to be read.
bool Follower::identify(File& file, const Found& found) {
  if (file.version.size == 0) return false;
  auto opened = open(found.path);
  if (!opened) {
    if (opened.error().code != Code::not_found) complain(found.path, opened.error().message);
    return false;
  }
  const auto state = opened->state();
  if (!state || state->id != file.version.id) return false;  // replaced just now
  const auto packed = opened->is_packed();
  if (!packed) {
    complain(found.path, packed.error().message);
    return false;
  }
  complaints_.erase(found.path);
  file.packed = *packed;
  if (is_first_ && options_.from_end) {
    if (found.is_listed) begin_text(file, found, *opened, *packed);
    return file.text != 0;
  }
  const bool has_settled = idle_ms(file) >= options_.settle_ms;
  const auto wait = [&] {
    waits_ = waits_ || (found.may_begin && !found.is_listed);
    return false;
  };
  if (*packed && !has_settled) return wait();

  const Head head = read_head(*opened, *packed);
  bool is_beginning = false, is_undecided = false;
  for (const Key key : candidates(found.path)) {
    const auto entry = texts_.find(key);
    if (entry == texts_.end() || (key == file.was && found.path == file.was_at)) continue;
    Text& known = entry->second;
    switch (compare(*opened, *packed, head, file, known)) {
      case Verdict::same:
        file.text = key;
        file.is_copy = is_present(known);
        file.compared = known.marks.size;
        if (!file.is_copy) {
          known.file = file.version;
          known.packed = *packed;
          known.ended = false;
          unsaved_ = true;
          known.gone_since_ms = 0;
          known.pass = pass_;
          known.is_listed = found.is_listed;
          known.held.reset();
          set_path(key, found.path);
          log::info("a text that was read before is in another file now",
                    {{"source", options_.name}, {"path", found.path}});
        }
        return true;
      case Verdict::beginning:
        is_beginning = true;
        break;
      case Verdict::undecided:
        is_undecided = true;
        break;
      case Verdict::different:
        break;
    }
  }
  const bool may_be_copying = now_ms_ - file.since_ms < kCopyMs;
  if (is_beginning && has_settled) {
    file.is_ignored = true;
    return false;
  }
  if ((is_beginning || is_undecided) && !has_settled && may_be_copying) return wait();
  if (!found.may_begin) {
    file.is_ignored = true;
    return false;
  }
  begin_text(file, found, *opened, *packed);
  return true;
}

Follower::Verdict Follower::compare(const FollowedFile& file, bool packed, const Head& head,
                                    const File& version, const Text& text) const {
  const std::uint64_t size = text.marks.size;
  if (size < kLeastBytes) return Verdict::different;
  const Head::Verdict verdict = head.compare(text.marks);
  if (verdict.differs) return Verdict::different;
  // The file that the text is known to be in, as far as it is still there.
  const auto in_original = [&](const FollowedFile& original) {
    const auto state = original.state();
    if (!state || state->id != text.file.id || state->size < size) return false;
    const auto marker = original.marker_at(size);
    return marker && *marker && (*marker)->marks() == text.marks;
  };
  std::optional<FollowedFile> opened;
  const FollowedFile* original = nullptr;
  if (is_present(text) && text.file.id != version.version.id && !text.packed) {
    if (auto at = open(text.path)) opened = std::move(*at);
    original = text.held ? &*text.held : opened ? &*opened : nullptr;
    if (original != nullptr && !in_original(*original)) original = nullptr;
  }
  const auto state = original == nullptr ? Result<FileState>(FileState()) : original->state();
  const bool is_alive = original != nullptr && state && state->is_linked;

  if (packed) {
    const auto inflated = file.text(true);
    const auto marker = skip_to(*inflated, size);
    if (!marker) return Verdict::different;
    if (!*marker) return verdict.agreed == kFileHeadBytes ? Verdict::beginning : Verdict::different;
    if ((*marker)->marks() != text.marks) return Verdict::different;
    char next = 0;  // no copy is longer than its original
    const bool is_longer =
        is_alive && state->size == size && inflated->read(&next, 1).value_or(0) != 0;
    return is_longer ? Verdict::different : Verdict::same;
  }
  const std::uint64_t own_size = version.version.size;
  if (own_size >= size) {
    if (is_alive && own_size > state->size) return Verdict::different;
    const auto marker = file.marker_at(size);
    if (!marker || !*marker) return Verdict::undecided;
    return (*marker)->marks() == text.marks ? Verdict::same : Verdict::different;
  }
  // Shorter than what was read: a copy that is being made, or an older one?
  if (original != nullptr && !same_beginning(file, *original, own_size)) return Verdict::different;
  return verdict.agreed == kFileHeadBytes ? Verdict::beginning : Verdict::undecided;
}

// A copy that has changed, or whose original was read on: are they still the same?
bool Follower::is_still_copy(File& file, const Found& found) {
  const Text& text = texts_.at(file.text);
  if (file.level != Level::none && file.compared == text.marks.size) return true;
  const auto opened = open(found.path);
  const auto packed = opened ? opened->is_packed() : tl::unexpected<Error>(opened.error());
  if (!packed) return true;  // looked at again in the next pass
  const Verdict verdict = compare(*opened, *packed, read_head(*opened, *packed), file, text);
  if (verdict == Verdict::different) return false;
  file.compared = text.marks.size;
  file.level = Level::lines;
  return true;
}

void Follower::begin_text(File& file, const Found& found, const FollowedFile& opened, bool packed) {
  const bool at_end = is_first_ && options_.from_end;
  if (at_end) unsaved_ = true;
  if (at_end && packed) {
    read_versions_.insert(version_hash(file.version));
    read_seen_.insert(version_hash(file.version));
    return;
  }
  Marker marker;
  if (at_end) {
    const auto offset = last_line(opened, file.version.size);
    const auto seen = offset ? opened.marker_at(*offset) : tl::unexpected<Error>(offset.error());
    if (!seen || !*seen) return complain(found.path, "cannot find the end of its last line");
    marker = **seen;
  }
  const Key key = ++last_key_;
  Text& text = texts_[key];
  text.file = file.version;
  text.marks = marker.marks();
  text.packed = packed;
  text.pass = pass_;
  text.is_listed = found.is_listed;
  set_path(key, found.path);
  file.text = key;
  file.is_copy = false;
  file.level = Level::none;
}

}  // namespace tocsin::source
