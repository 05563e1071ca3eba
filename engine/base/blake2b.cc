#include "base/blake2b.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tocsin {
namespace {

constexpr std::array<std::uint64_t, 8> kStart{
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u};

constexpr std::uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};
constexpr int kRounds = 12;

}  // namespace

void Blake2b::add(std::string_view text) {
  while (!text.empty()) {
    // The last block is compressed by digest(), which must know that it is the last.
    if (in_block_ == kBlock) compress(false);
    const std::size_t size = std::min(text.size(), kBlock - in_block_);
    std::memcpy(block_.data() + in_block_, text.data(), size);
    in_block_ += size;
    text.remove_prefix(size);
  }
}

Blake2b::Digest Blake2b::digest() const {
  Blake2b last = *this;
  std::fill(last.block_.begin() + static_cast<std::ptrdiff_t>(in_block_), last.block_.end(),
            std::uint8_t{0});
  last.compress(true);
  Digest out;
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(out.data(), last.state_.data(), out.size());
  return out;
}

void Blake2b::compress(bool is_last) {
  std::uint64_t message[16], v[16];
  std::memcpy(message, block_.data(), kBlock);
  bytes_ += in_block_;
  std::copy(state_.begin(), state_.end(), v);
  std::copy(kStart.begin(), kStart.end(), v + 8);
  v[12] ^= bytes_;
  if (is_last) v[14] = ~v[14];
  for (int round = 0; round < kRounds; ++round) {
    const std::uint8_t* const order = kOrder[round % 10];
    const auto mix = [&](std::size_t i, int a, int b, int c, int d) {
      v[a] += v[b] + message[order[2 * i]];
      v[d] = std::rotr(v[d] ^ v[a], 32);
      v[c] += v[d];
      v[b] = std::rotr(v[b] ^ v[c], 24);
      v[a] += v[b] + message[order[2 * i + 1]];
      v[d] = std::rotr(v[d] ^ v[a], 16);
      v[c] += v[d];
      v[b] = std::rotr(v[b] ^ v[c], 63);
    };
    mix(0, 0, 4, 8, 12), mix(1, 1, 5, 9, 13), mix(2, 2, 6, 10, 14), mix(3, 3, 7, 11, 15);
    mix(4, 0, 5, 10, 15), mix(5, 1, 6, 11, 12), mix(6, 2, 7, 8, 13), mix(7, 3, 4, 9, 14);
  }
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] ^= v[i] ^ v[i + 8];
  in_block_ = 0;
}

}  // namespace tocsin
