// BLAKE2b, 128 bits: a cryptographic hash (RFC 7693). A value; text may be added piece by piece,
// and a copy goes on by itself. Cost: about 3 cycles a byte, and one block of 128 bytes at least.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

class Blake2b {
 public:
  using Digest = std::array<std::uint8_t, 16>;

  void add(std::string_view text);
  // Of all that was added; more may be added afterwards.
  Digest digest() const;

 private:
  static constexpr std::size_t kBlock = 128;
  void compress(bool is_last);

  // The initial state; the parameters say 16 bytes of digest, no key, no tree.
  std::array<std::uint64_t, 8> state_{0x6A09E667F3BCC908u ^ 0x01010010u,
                                      0xBB67AE8584CAA73Bu,
                                      0x3C6EF372FE94F82Bu,
                                      0xA54FF53A5F1D36F1u,
                                      0x510E527FADE682D1u,
                                      0x9B05688C2B3E6C1Fu,
                                      0x1F83D9ABFB41BD6Bu,
                                      0x5BE0CD19137E2179u};
  std::array<std::uint8_t, kBlock> block_{};
  std::size_t in_block_ = 0;
  std::uint64_t bytes_ = 0;  // compressed, with those of the block at hand when it is
};

}  // namespace tocsin
