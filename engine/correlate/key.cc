#include "base/hash.h"
#include "base/siphash.h"
#include "correlate/correlator.h"
#include "correlate/types.h"

namespace tocsin::correlate {

std::size_t KeyHasher::operator()(const Key& key) const {
  return table_hash(as_text(key));
}

Key key_of(std::initializer_list<std::string_view> texts) {
  KeyHash hash;
  for (const std::string_view text : texts) hash.add_field(text);
  return hash.bytes();
}

Key group_key(std::span<const std::string_view> values) {
  KeyHash hash;
  for (const std::string_view value : values) hash.add_field(value);
  return hash.bytes();
}

}  // namespace tocsin::correlate
