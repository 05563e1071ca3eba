// One gzip member, which a verified object must consist of: its text, the hash of its text, and
// whether anything stands behind it. A reader that inflates all members would take what was
// appended for genuine, and the hash of the first would still be right.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "event/byte_source.h"
#include "net/crypto.h"

namespace tocsin::digest {

struct Member {
  net::Sha256 hash{};
  bool is_followed = false;  // by at least one byte, of whatever kind
};

// In constant memory. Code::invalid_input: not gzip, damaged or cut off; another code: the source
// could not be read.
Result<Member> hash_member(event::ByteSource& source);

// The same, and the text is appended to `text`. Code::limit: it is longer than `limit`.
Result<Member> read_member(event::ByteSource& source, std::size_t limit, std::string& text);

}  // namespace tocsin::digest
