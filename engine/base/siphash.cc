#include "base/siphash.h"

#include <random>

namespace tocsin {
namespace {

SipKey random_key() {
  std::random_device random;  // of the system
  const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
  const std::uint64_t k0 = word();
  return {k0, word()};
}

}  // namespace

std::uint64_t table_hash(std::string_view text) {
  static const SipKey key = random_key();
  return siphash(key, text);
}

}  // namespace tocsin
