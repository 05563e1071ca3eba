// fast_inflater() against zlib_inflater(), over whole, cut and damaged members in random slices.
#include "event/inflater.h"

#include <catch2/catch.hpp>

#include "differential/generate/mutator.h"
#include "differential/generate/random.h"
#include "samples.h"

namespace tocsin::event {
namespace {

using differential::Random;

struct Inflated {
  std::string text;
  std::string error;
  bool ended = false;
  std::size_t taken = 0;
};

Inflated inflate(Inflater& inflater, std::string_view bytes, std::size_t in_step,
                 std::size_t out_step) {
  Inflated result;
  std::string buffer(out_step, '\0');
  std::string_view unread = bytes;
  inflater.start();
  while (!result.ended && (!unread.empty() || inflater.pending())) {
    std::string_view in = unread.substr(0, in_step);
    const std::size_t offered = in.size();
    std::span<char> out(buffer);
    const auto state = inflater.inflate(in, out);
    unread.remove_prefix(offered - in.size());
    result.text.append(buffer, 0, out_step - out.size());
    if (!state) {
      result.error = state.error().message;
      break;
    }
    result.ended = *state == Inflater::State::ended;
  }
  result.taken = bytes.size() - unread.size();
  return result;
}

// Text of some kind: repetitive, noisy, or records as they are.
std::string sample(Random& random) {
  std::string text;
  const std::size_t size = random.below(8) == 0 ? random.below(300'000) : random.below(5'000);
  while (text.size() < size) {
    switch (random.below(4)) {
      case 0:
        text.append(random.below(600), static_cast<char>('a' + random.below(3)));
        break;
      case 1:
        for (std::size_t i = random.below(300); i > 0; --i) {
          text += static_cast<char>(random.below(256));
        }
        break;
      default:
        text += R"({"eventName":"GetObject","eventID":")" + std::to_string(random.below(1u << 31)) +
                "\"},";
    }
  }
  return text;
}

std::size_t step(Random& random) {
  return random.below(3) == 0 ? 1 + random.below(20) : 1 + random.below(200'000);
}

bool agree_to_the_shorter(const std::string& a, const std::string& b) {
  return a.size() < b.size() ? b.starts_with(a) : a.starts_with(b);
}

void compare(Random& random, std::string_view bytes, bool only_cut) {
  const auto zlib = zlib_inflater();
  const auto fast = fast_inflater();
  const Inflated want = inflate(*zlib, bytes, step(random), step(random));
  const Inflated got = inflate(*fast, bytes, step(random), step(random));
  CAPTURE(bytes.size(), want.error, got.error, want.text.size(), got.text.size());
  CHECK(got.ended == want.ended);  // input that runs out before the end is an error of the reader
  CHECK(agree_to_the_shorter(got.text, want.text));
  if (want.ended) {
    CHECK(got.text == want.text);
    CHECK(got.taken == want.taken);
  }
  if (only_cut) CHECK(got.text.size() + 2 >= want.text.size());
}

TEST_CASE("inflater: the fast one says what zlib says") {
  Random random(1);
  for (int round = 0; round < static_cast<int>(differential::scaled(1'000)); ++round) {
    INFO("round " << round);
    const std::string text = sample(random);
    const std::string member = gzipped(text, static_cast<int>(random.below(10)));
    compare(random, member + "\x1f\x8b and more", false);
    compare(random, std::string_view(member).substr(0, random.below(member.size())), true);
    std::string flipped = member;
    flipped[random.below(member.size())] ^= static_cast<char>(1 << random.below(8));
    compare(random, flipped, false);
    compare(random, differential::damaged(random, member, {std::string("\0\0\xff\xff", 4)}), false);
  }
}

TEST_CASE("inflater: the header in slices, with every optional part") {
  const std::string body = gzipped("text").substr(10);
  std::string header("\x1f\x8b\x08\x1c\0\0\0\0\0\xff", 10);
  header += std::string("\x03\0abc", 5) + std::string("name\0", 5) + std::string("comment\0", 8);
  for (std::size_t slice = 1; slice < 40; ++slice) {
    const auto fast = fast_inflater();
    CHECK(inflate(*fast, header + body, slice, 100).text == "text");
  }
  header[3] = '\x3c';
  CHECK(inflate(*fast_inflater(), header + body, 7, 100).error == "unknown header flags set");
  header[3] = '\x1c';
  header[2] = '\x07';
  CHECK(inflate(*fast_inflater(), header + body, 7, 100).error == "unknown compression method");
}

TEST_CASE("inflater: one object reads member after member, after errors too") {
  const auto fast = fast_inflater();
  const std::string text(100'000, 'x');
  const std::string member = gzipped(text);
  for (int i = 0; i < 3; ++i) {
    CHECK(inflate(*fast, member, 1000, 70'000).text == text);
    CHECK(!inflate(*fast, member.substr(0, member.size() / 2), 1000, 100).ended);
    std::string wrong = member;
    wrong[wrong.size() - 7] ^= 1;
    CHECK(inflate(*fast, wrong, 1000, 10'000).error == "incorrect data check");
  }
}

}  // namespace
}  // namespace tocsin::event
