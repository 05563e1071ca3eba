#include "event/gzip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "base/limits.h"
#include "event/inflater.h"

namespace tocsin::event {
namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
constexpr std::size_t kMagicBytes = 6;

struct Format {
  std::string_view magic;
  std::string_view name;
};
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kXzMagic(
    "\xfd"
    "7zXZ\0",
    6);
constexpr Format kUnsupported[] = {
    {"\x28\xb5\x2f\xfd", "zstd"}, {"BZh", "bzip2"}, {kXzMagic, "xz"}, {"PK\3\4", "zip"}};

// `head` is a part of some magic, and not yet the whole.
bool may_be_compressed(std::string_view head) {
  const auto is_part = [&](std::string_view magic) {
    return head.size() < magic.size() && magic.starts_with(head);
  };
  for (const Format& format : kUnsupported) {
    if (is_part(format.magic)) return true;
  }
  return is_part(kGzipMagic);
}

// A source whose first bytes can be looked at before they are read.
class Peeked final : public ByteSource {
 public:
  explicit Peeked(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // As many as are needed to tell formats apart, at most kMagicBytes.
  std::string_view peek() {
    while (!error_ && may_be_compressed({head_.data(), size_})) {
      const auto got = source_->read(head_.data() + size_, head_.size() - size_);
      if (!got) {
        error_ = got.error();
      } else if (*got == 0) {
        break;
      } else {
        size_ += *got;
      }
    }
    return {head_.data(), size_};
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    if (taken_ < size_) {
      const std::size_t got = std::min(size, size_ - taken_);
      std::memcpy(out, head_.data() + taken_, got);
      taken_ += got;
      return got;
    }
    if (error_) return tl::unexpected<Error>(*error_);
    return source_->read(out, size);
  }

  std::uint64_t consumed() const override { return source_->consumed(); }
  bool would_block(int milliseconds) const override {
    return taken_ == size_ && !error_ && source_->would_block(milliseconds);
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::array<char, kMagicBytes> head_{};
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
  std::optional<Error> error_;
};

class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> source, std::uint64_t limit)
      : source_(std::move(source)), inflater_(fast_inflater()), limit_(limit) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    std::span<char> room(out, size);
    while (room.size() == size && !ended_ && !error_) step(room);
    if (room.size() == size && error_) return tl::unexpected<Error>(*error_);
    count(size - room.size());
    return size - room.size();
  }

  std::uint64_t consumed() const override { return source_->consumed(); }

  bool would_block(int milliseconds) const override {
    return unread_.empty() && !inflater_->pending() && !ended_ && !error_ &&
           source_->would_block(milliseconds);
  }

 private:
  void damaged(std::string_view what) {
    error_ = Error{Code::invalid_input, fmt::format("{} in gzip member {}", what, member_)};
  }

  // Of what counts towards the limit.
  void count(std::uint64_t bytes) {
    given_ += bytes;
    if (given_ > limit_ && !error_) error_ = inflates_too_much(limit_);
  }

  // Makes input available or notes the end (true: go on).
  bool refill() {
    if (!unread_.empty()) return true;
    auto got = source_->read(input_.data(), input_.size());
    if (!got) {
      error_ = std::move(got.error());
      return false;
    }
    unread_ = {input_.data(), *got};
    if (*got != 0) return true;
    if (inside_member_) damaged("unexpected end of input");
    ended_ = true;
    return false;
  }

  void step(std::span<char>& room) {
    if (!inflater_->pending() && !refill()) return;
    if (!inside_member_) {
      if (unread_.front() == 0) padding_ = true;
      if (padding_ || (member_ != 0 && unread_.front() != kGzipMagic.front())) return skip_zeros();
      ++member_;
      count(kMemberBytes);
      inside_member_ = true;
      inflater_->start();
    }
    const auto state = inflater_->inflate(unread_, room);
    if (state) {
      inside_member_ = *state == Inflater::State::inside;
    } else if (state.error().code == Code::invalid_input) {
      damaged(state.error().message);
    } else {
      error_ = state.error();
    }
  }

  // Nothing but zeros may follow the last member.
  void skip_zeros() {
    unread_.remove_prefix(std::min(unread_.find_first_not_of('\0'), unread_.size()));
    if (!unread_.empty()) {
      error_ = Error{Code::invalid_input,
                     fmt::format("bytes that are not gzip after gzip member {}", member_)};
    }
  }

  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<Inflater> inflater_;
  std::array<char, kInputBytes> input_;
  std::string_view unread_;
  const std::uint64_t limit_;
  std::uint64_t given_ = 0;
  std::uint64_t member_ = 0;
  bool inside_member_ = false;
  bool padding_ = false;
  bool ended_ = false;
  std::optional<Error> error_;
};

class Failed final : public ByteSource {
 public:
  Failed(Error error, std::uint64_t consumed) : error_(std::move(error)), consumed_(consumed) {}
  Result<std::size_t> read(char*, std::size_t) override { return tl::unexpected<Error>(error_); }
  std::uint64_t consumed() const override { return consumed_; }

 private:
  Error error_;
  std::uint64_t consumed_;
};

// `source`, whose first bytes have now been looked at, behind what decodes it.
std::unique_ptr<ByteSource> peel(std::unique_ptr<ByteSource> source, std::uint64_t limit) {
  for (std::size_t depth = 0;; ++depth) {
    auto peeked = std::make_unique<Peeked>(std::move(source));
    const std::string_view head = peeked->peek();
    for (const Format& format : kUnsupported) {
      if (!head.starts_with(format.magic)) continue;
      return std::make_unique<Failed>(
          Error{Code::unsupported, fmt::format("{} data; decompress it first", format.name)},
          peeked->consumed());
    }
    if (!is_gzip(head)) return peeked;
    if (depth == limits::kEnvelopeDepth) {
      return std::make_unique<Failed>(
          Error{Code::limit, fmt::format("gzip within gzip more than {} times", depth)},
          peeked->consumed());
    }
    source = std::make_unique<GzipSource>(std::move(peeked), limit);
  }
}

// Looks at the first bytes when they are wanted, not before.
class Decompressed final : public ByteSource {
 public:
  Decompressed(std::unique_ptr<ByteSource> source, std::uint64_t limit)
      : source_(std::move(source)), limit_(limit) {}

  Result<std::size_t> read(char* out, std::size_t size) override {
    if (!std::exchange(peeled_, true)) source_ = peel(std::move(source_), limit_);
    return source_->read(out, size);
  }
  std::uint64_t consumed() const override { return source_->consumed(); }
  bool would_block(int milliseconds) const override { return source_->would_block(milliseconds); }

 private:
  std::unique_ptr<ByteSource> source_;
  const std::uint64_t limit_;
  bool peeled_ = false;
};

}  // namespace

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with(kGzipMagic);
}

std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> source, std::uint64_t limit) {
  return std::make_unique<Decompressed>(std::move(source), limit);
}

Error inflates_too_much(std::uint64_t limit) {
  return {Code::limit, fmt::format("the rest of the input was not read: it inflates to more than "
                                   "{} bytes (limits.max_inflated)",
                                   limit)};
}

}  // namespace tocsin::event
