// S3: objects and listings. Stateless and thread-safe. A bucket's region need not be right: S3 says
// where the bucket is, and the session remembers it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/failure.h"
#include "aws/session.h"
#include "event/byte_source.h"

namespace tocsin::aws {

struct ObjectName {
  std::string bucket;
  std::string key;      // as it is, not encoded
  std::string region;   // "": the session's
  std::string version;  // "": the newest
  bool requester_pays = false;
};

struct ObjectInfo {
  std::optional<std::uint64_t> size;
  std::string etag;
  std::string last_modified;  // as S3 writes it
  std::string version;
  std::map<std::string, std::string> metadata;  // x-amz-meta-NAME, names in lower case
};

// An object's bytes, as they come from S3: in constant memory, and at the reader's pace. A
// connection that breaks is replaced, from the byte where it broke and of the same object (Range,
// If-Match), up to kResumes times without a byte between. One thread reads. Must not outlive the
// session; `stop` ends it.
class S3Object final : public event::ByteSource {
 public:
  static constexpr int kResumes = 5;
  static constexpr std::int64_t kIdleMs =
      30'000;  // without a byte, before the connection is given up

  const ObjectInfo& info() const { return info_; }

  Result<std::size_t> read(char* out, std::size_t size) override;
  // Bytes of the object so far.
  std::uint64_t consumed() const override { return consumed_; }
  bool would_block(int milliseconds) const override;
  // Why read() failed; nothing before.
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  friend class S3;
  S3Object(Session& session, Call call, Transport::Answer answer, const std::atomic<bool>& stop);
  bool resume();
  Result<std::size_t> fail_with(Failure failure);

  Session& session_;
  const Call call_;
  const std::atomic<bool>& stop_;
  std::optional<Transport::Answer> answer_;
  ObjectInfo info_;
  std::uint64_t consumed_ = 0;
  int resumes_ = 0;
  std::optional<Failure> failure_;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;     // "": none
  std::string start_after;   // keys after this one only
  std::string continuation;  // ListPage::continuation of the page before
  std::string region;        // "": the session's
  int max_keys = 1000;
  bool requester_pays = false;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  std::string last_modified;  // "2026-01-31T12:00:00.000Z"
  std::string storage_class;  // "": STANDARD
};

struct ListPage {
  std::vector<ListedObject> objects;  // in the order of their keys' bytes
  std::vector<std::string> prefixes;  // up to the delimiter
  std::string continuation;           // "": this was the last page
};

class S3 {
 public:
  explicit S3(Session& session) : session_(session) {}

  // The object, opened: its info is there, its bytes are read. `stop` must outlive it.
  Outcome<std::unique_ptr<S3Object>> get(const ObjectName& object, const std::atomic<bool>& stop);

  Outcome<ListPage> list(const ListRequest& request, const std::atomic<bool>& stop);

 private:
  Session& session_;
};

}  // namespace tocsin::aws
