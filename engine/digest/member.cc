#include "digest/member.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <span>

#include "event/inflater.h"
#include "net/public_key.h"

namespace tocsin::digest {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

// Passes the member's text to `take` piece by piece; true: bytes follow it.
Result<bool> inflate_member(event::ByteSource& source,
                            const std::function<Status(std::string_view)>& take) {
  std::string input(kPieceBytes, '\0'), output(kPieceBytes, '\0');
  std::string_view unread;
  const std::unique_ptr<event::Inflater> inflater = event::fast_inflater();
  inflater->start();
  for (;;) {
    if (unread.empty() && !inflater->pending()) {
      const Result<std::size_t> got = source.read(input.data(), input.size());
      if (!got) return tl::unexpected(got.error());
      if (*got == 0) return fail(Code::invalid_input, "its gzip data is cut off");
      unread = {input.data(), *got};
    }
    std::span<char> room(output);
    const auto state = inflater->inflate(unread, room);
    if (Status taken = take({output.data(), output.size() - room.size()}); !taken) {
      return tl::unexpected(std::move(taken.error()));
    }
    if (!state) {
      return fail(state.error().code,
                  fmt::format("it is no sound gzip file: {}", state.error().message));
    }
    if (*state == event::Inflater::State::ended) break;
  }
  if (!unread.empty()) return true;
  const Result<std::size_t> more = source.read(input.data(), input.size());
  if (!more) return tl::unexpected(more.error());
  return *more > 0;
}

}  // namespace

Result<Member> hash_member(event::ByteSource& source) {
  net::Sha256Stream hash;
  const Result<bool> is_followed = inflate_member(source, [&](std::string_view piece) -> Status {
    hash.add(piece);
    return {};
  });
  if (!is_followed) return tl::unexpected(is_followed.error());
  return Member{hash.finish(), *is_followed};
}

Result<Member> read_member(event::ByteSource& source, std::size_t limit, std::string& text) {
  const std::size_t before = text.size();
  const Result<bool> is_followed = inflate_member(source, [&](std::string_view piece) -> Status {
    if (text.size() - before + piece.size() > limit) {
      return fail(Code::limit, fmt::format("it inflates to more than {} bytes", limit));
    }
    text += piece;
    return {};
  });
  if (!is_followed) return tl::unexpected(is_followed.error());
  return Member{net::sha256(std::string_view(text).substr(before)), *is_followed};
}

}  // namespace tocsin::digest
