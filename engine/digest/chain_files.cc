// Chain: the log files of a digest, several at once, and the call that explains a gap.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "digest/chain.h"
#include "digest/member.h"

namespace tocsin::digest {

Finding Chain::verify_file(const ListedFile& file) const {
  const auto made = [&](State state, std::string_view detail) {
    Finding verdict = finding(state, false, detail);
    verdict.bucket = file.bucket;
    verdict.key = file.key;
    return verdict;
  };
  if (file.algorithm != kHashAlgorithm) {
    return made(
        State::unreadable,
        fmt::format("its digest has a hash by `{}`, which is not supported", file.algorithm));
  }
  const Result<Object> object = context_.archive.open(file.bucket, file.key);
  if (!object && object.error().code == Code::not_found) {
    return made(State::missing_log, "a genuine digest lists it");
  }
  if (!object) return made(State::unreadable, object.error().message);
  const Result<Member> member = hash_member(*object->bytes);
  if (!member) {
    const bool is_damaged = member.error().code == Code::invalid_input;
    return made(is_damaged ? State::modified : State::unreadable, member.error().message);
  }
  if (net::hex(net::as_text(member->hash)) != file.hash) {
    return made(State::modified, "its content has another hash than its digest gives");
  }
  if (member->is_followed) {
    return made(State::appended, "there is more after the end of its gzip data");
  }
  return made(State::valid, "");
}

// The call after which there are no digests, when the log files of the last hour before the gap
// have it: a sentence, or "". CloudTrail writes its log files without blanks.
std::string Chain::cause_of_gap(const Digest& before) const {
  for (const std::string_view call : {"StopLogging", "DeleteTrail", "UpdateTrail"}) {
    const std::string mark = fmt::format("\"eventName\":\"{}\"", call);
    for (const ListedFile& file : before.files) {
      if (context_.stop) return {};
      const Result<Object> object = context_.archive.open(file.bucket, file.key);
      std::string text;
      if (!object || !read_member(*object->bytes, kDigestBytes, text)) continue;
      if (net::hex(net::as_text(net::sha256(text))) != file.hash) continue;
      if (text.find(mark) == text.npos) continue;
      return fmt::format(
          " The genuine log file s3://{}/{} of the hour before it has a {}: see who "
          "made that call.",
          file.bucket, file.key, call);
    }
  }
  return {};
}

void Chain::verify_files(const Digest& digest) {
  std::vector<Finding> verdicts(digest.files.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < verdicts.size() && !context_.stop; i = next++) {
      verdicts[i] = verify_file(digest.files[i]);
    }
  };
  std::vector<std::thread> others;
  const std::size_t readers = std::min<std::size_t>(context_.query.readers, verdicts.size());
  for (std::size_t i = 1; i < readers; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (context_.stop) return;
  for (Finding& verdict : verdicts) {
    verdict.from = digest.start;
    verdict.to = digest.end;
    context_.report(verdict);
  }
}

}  // namespace tocsin::digest
