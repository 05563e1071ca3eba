#include "pipeline/hit_spool.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;
constexpr std::size_t kReadItems = std::size_t{1} << 14;

constexpr std::size_t kBlockBytes = std::size_t{2} << 20;  // a huge page

// What stands before the fields and the evidence of a hit; only this process reads it.
struct Header {
  correlate::Time time, since;
  correlate::Key event;
  std::uint32_t rule, fields;
};

std::size_t packed_size(const correlate::Hit& hit) {
  return sizeof(Header) + hit.fields.packed().size() + hit.evidence.size();
}

void pack(const correlate::Hit& hit, char* out) {
  const std::string_view fields = hit.fields.packed();
  const Header header{hit.time, hit.since, hit.event, hit.rule,
                      static_cast<std::uint32_t>(fields.size())};
  std::memcpy(out, &header, sizeof header);
  out = std::copy(fields.begin(), fields.end(), out + sizeof header);
  std::copy(hit.evidence.begin(), hit.evidence.end(), out);
}

correlate::Hit unpack(std::string_view text) {
  Header header;
  std::memcpy(&header, text.data(), sizeof header);
  text.remove_prefix(sizeof header);
  correlate::Hit hit;
  hit.rule = header.rule;
  hit.time = header.time;
  hit.since = header.since;
  hit.event = header.event;
  hit.fields = correlate::FieldValues(text.substr(0, header.fields));
  hit.evidence = text.substr(header.fields);
  return hit;
}

}  // namespace

// A file without a name. Appended to through a buffer, read anywhere.
class HitSpool::File {
 public:
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Status open() {
    const char* folder = std::getenv("TMPDIR");
    std::string path =
        std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/tocsin_scan_XXXXXX";
    descriptor_ = ::mkstemp(path.data());
    if (descriptor_ < 0) return problem("a temporary file cannot be made");
    ::unlink(path.c_str());
    return {};
  }

  std::uint64_t size() const { return written_ + buffer_.size(); }

  Status append(std::string_view bytes) {
    buffer_.append(bytes);
    return buffer_.size() < kWriteBytes ? Status() : flush();
  }

  Status flush() {
    for (std::size_t done = 0; done < buffer_.size();) {
      const ssize_t written = ::pwrite(descriptor_, buffer_.data() + done, buffer_.size() - done,
                                       static_cast<off_t>(written_ + done));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return problem("the temporary file cannot be written");
      done += static_cast<std::size_t>(written);
    }
    written_ += buffer_.size();
    buffer_.clear();
    return {};
  }

  Status read(std::uint64_t offset, char* out, std::size_t size) const {
    if (offset >= written_) {
      std::memcpy(out, buffer_.data() + (offset - written_), size);
      return {};
    }
    for (std::size_t done = 0; done < size;) {
      if (offset + done >= written_) {
        std::memcpy(out + done, buffer_.data(), size - done);
        break;
      }
      const ssize_t got = ::pread(descriptor_, out + done,
                                  std::min<std::uint64_t>(size - done, written_ - offset - done),
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return problem("the temporary file cannot be read");
      done += static_cast<std::size_t>(got);
    }
    return {};
  }

 private:
  static Status problem(std::string_view what) {
    return fail(Code::io, fmt::format("{} (in $TMPDIR or /tmp): {}", what, std::strerror(errno)));
  }

  int descriptor_ = -1;
  std::uint64_t written_ = 0;
  std::string buffer_;
};

// A sorted stretch: of the run file, or (the last) in memory.
struct HitSpool::Run {
  std::vector<Item> items;  // read and not yet taken
  std::size_t at = 0;
  std::uint64_t offset = 0, left = 0;  // items in the file

  bool empty() const { return at == items.size() && left == 0; }
  const Item& front() const { return items[at]; }

  Status fill(const File* file) {
    if (at < items.size() || left == 0) return {};
    items.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadItems)));
    at = 0;
    const std::size_t bytes = items.size() * sizeof(Item);
    Status read = file->read(offset, reinterpret_cast<char*>(items.data()), bytes);
    offset += bytes;
    left -= items.size();
    return read;
  }
};

HitSpool::HitSpool() : HitSpool(Options()) {}
HitSpool::HitSpool(const Options& options) : options_(options) {}
HitSpool::~HitSpool() = default;

// Huge pages, where there are any: most of the time that it takes to keep a hit would be the
// kernel's for small ones.
HitSpool::Block HitSpool::make_block() {
  Block block(static_cast<char*>(std::aligned_alloc(kBlockBytes, kBlockBytes)));
  if (block != nullptr) ::madvise(block.get(), kBlockBytes, MADV_HUGEPAGE);
  return block;
}

Result<HitSpool::Place> HitSpool::append(const correlate::Hit& hit) {
  const std::size_t size = packed_size(hit);
  if (file_ == nullptr && size <= kBlockBytes &&
      (blocks_.size() + 1) * kBlockBytes <= options_.text_bytes) {
    if (blocks_.empty() || block_used_ + size > kBlockBytes) {
      blocks_.push_back(make_block());
      if (blocks_.back() == nullptr) return fail(Code::io, "there is no memory for more hits");
      block_used_ = 0;
    }
    pack(hit, blocks_.back().get() + block_used_);
    const Place place{(blocks_.size() - 1) * kBlockBytes + block_used_,
                      static_cast<std::uint32_t>(size)};
    block_used_ += size;
    return place;
  }
  if (file_ == nullptr) {
    if (Status moved = move_to_file(); !moved) return tl::unexpected(std::move(moved.error()));
  }
  return append_to_file(hit);
}

// What was in memory keeps its offsets.
Status HitSpool::move_to_file() {
  file_ = std::make_unique<File>();
  if (Status made = file_->open(); !made) return made;
  for (const auto& block : blocks_) {
    if (Status moved = file_->append({block.get(), kBlockBytes}); !moved) return moved;
  }
  blocks_.clear();
  return {};
}

Result<HitSpool::Place> HitSpool::append_to_file(const correlate::Hit& hit) {
  text_.resize(packed_size(hit));
  pack(hit, text_.data());
  const Place place{file_->size(), static_cast<std::uint32_t>(text_.size())};
  Status appended = file_->append(text_);
  if (!appended) return tl::unexpected(std::move(appended.error()));
  return place;
}

Status HitSpool::add(const correlate::HitBatch& hits) {
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const correlate::Hit hit = hits[i];
    const Result<Place> place = append(hit);
    if (!place) return tl::unexpected(place.error());
    items_.push_back({hit.time, *place});
    ++size_;
    if (items_.size() < options_.run_hits) continue;
    if (Status ended = end_run(); !ended) return ended;
  }
  return {};
}

Status HitSpool::end_run() {
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
    return std::tie(a.time, a.place.offset) < std::tie(b.time, b.place.offset);
  });
  if (run_file_ == nullptr) {
    run_file_ = std::make_unique<File>();
    if (Status made = run_file_->open(); !made) return made;
  }
  auto run = std::make_unique<Run>();
  run->offset = run_file_->size();
  run->left = items_.size();
  runs_.push_back(std::move(run));
  const std::string_view bytes(reinterpret_cast<const char*>(items_.data()),
                               items_.size() * sizeof(Item));
  items_.clear();
  return run_file_->append(bytes);
}

Status HitSpool::begin_reading() {
  reading_ = true;
  if (!runs_.empty() && !items_.empty()) {
    if (Status ended = end_run(); !ended) return ended;
  }
  if (run_file_ != nullptr) {
    if (Status flushed = run_file_->flush(); !flushed) return flushed;
  }
  if (!runs_.empty()) return {};
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
    return std::tie(a.time, a.place.offset) < std::tie(b.time, b.place.offset);
  });
  auto run = std::make_unique<Run>();
  run->items = std::move(items_);
  runs_.push_back(std::move(run));
  return {};
}

Status HitSpool::read(std::size_t limit, Sorted& out) {
  out.hits.clear();
  out.places.clear();
  if (!reading_) {
    if (Status begun = begin_reading(); !begun) return begun;
  }
  std::string text;
  while (out.places.size() < limit) {
    Run* first = nullptr;
    for (const auto& run : runs_) {
      if (Status filled = run->fill(run_file_.get()); !filled) return filled;
      if (!run->empty() && (first == nullptr || run->front().time < first->front().time)) {
        first = run.get();
      }
    }
    if (first == nullptr) return {};
    const Place place = first->front().place;
    ++first->at;
    const Result<correlate::Hit> found = hit(place, text);
    if (!found) return tl::unexpected(found.error());
    out.hits.add(*found);
    out.places.push_back(place);
  }
  return {};
}

Result<correlate::Hit> HitSpool::hit(const Place& place, std::string& text) const {
  if (file_ == nullptr) {
    const char* const block = blocks_[place.offset / kBlockBytes].get();
    return unpack({block + place.offset % kBlockBytes, place.size});
  }
  text.resize(place.size);
  Status read = file_->read(place.offset, text.data(), text.size());
  if (!read) return tl::unexpected(std::move(read.error()));
  return unpack(text);
}

Result<HitSpool::Place> HitSpool::keep(const correlate::Hit& hit) {
  return append(hit);
}

}  // namespace tocsin::pipeline
