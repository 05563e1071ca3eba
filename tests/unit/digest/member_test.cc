#include "digest/member.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "event/gzip.h"

namespace tocsin::digest {
namespace {

// A source that gives `step` bytes at a time, and fails at its end when it is told to.
class Dripping final : public event::ByteSource {
 public:
  Dripping(std::string bytes, std::size_t step, bool fails = false)
      : bytes_(std::move(bytes)), step_(step), fails_(fails) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t got = std::min({size, step_, bytes_.size() - at_});
    if (got == 0 && fails_) return fail(Code::io, "the network is gone");
    std::memcpy(out, bytes_.data() + at_, got);
    at_ += got;
    return got;
  }
  std::uint64_t consumed() const override { return at_; }

 private:
  const std::string bytes_;
  const std::size_t step_;
  const bool fails_;
  std::size_t at_ = 0;
};

std::string text_of_size(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 1; text.size() < size; ++i) text += std::to_string(i * 2654435761u);
  text.resize(size);
  return text;
}

TEST_CASE("the hash of a member is that of its text, however it arrives") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{200'000}}) {
    const std::string text = text_of_size(size);
    const std::string packed = event::compress(text);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      if (step == 1 && size > 1000) continue;
      INFO(size << " by " << step);
      Dripping source(packed, step);
      const auto member = hash_member(source);
      REQUIRE(member);
      CHECK(member->hash == net::sha256(text));
      CHECK_FALSE(member->is_followed);
      Dripping again(packed, step);
      std::string read = "before";
      REQUIRE(read_member(again, size, read));
      CHECK(read == "before" + text);
    }
  }
}

TEST_CASE("whatever is behind the member is seen, and is no part of the hash") {
  const std::string text = text_of_size(5000), packed = event::compress(text);
  for (const std::string& more : {std::string(1, '\0'), std::string("x"), event::compress("{}"),
                                  std::string(100'000, '\0')}) {
    for (const std::size_t step : {std::size_t{1}, packed.size(), std::size_t{1} << 20}) {
      Dripping source(packed + more, step);
      const auto member = hash_member(source);
      REQUIRE(member);
      CHECK(member->is_followed);
      CHECK(member->hash == net::sha256(text));
    }
  }
}

TEST_CASE("what is no whole member is damaged, and what cannot be read is not") {
  const std::string packed = event::compress(text_of_size(5000));
  std::string wrong_checksum = packed;
  wrong_checksum[packed.size() - 6] ^= 1;
  for (const std::string& bytes : {std::string(), std::string("{\"Records\":[]}"), wrong_checksum,
                                   packed.substr(0, packed.size() - 1), packed.substr(0, 5)}) {
    Dripping source(bytes, 100);
    const auto member = hash_member(source);
    REQUIRE_FALSE(member);
    CHECK(member.error().code == Code::invalid_input);
  }
  for (const std::size_t cut : {std::size_t{0}, std::size_t{50}, packed.size()}) {
    Dripping source(packed.substr(0, cut), 100, true);
    const auto member = hash_member(source);
    REQUIRE_FALSE(member);
    CHECK(member.error().code == Code::io);
  }
  Dripping source(packed, 100);
  std::string text;
  const auto member = read_member(source, 4999, text);
  REQUIRE_FALSE(member);
  CHECK(member.error().code == Code::limit);
}

}  // namespace
}  // namespace tocsin::digest
