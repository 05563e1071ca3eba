// Archive and PublicKeys: where the verifier reads objects and keys. S3 and CloudTrail, or a folder
// and a file, so that copies are verified without AWS, and tests need none.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/cloudtrail.h"
#include "aws/session.h"
#include "base/result.h"
#include "event/byte_source.h"

namespace tocsin::digest {

struct Object {
  std::unique_ptr<event::ByteSource> bytes;
  std::map<std::string, std::string> metadata;  // names in lower case, without x-amz-meta-
};

// Thread-safe.
class Archive {
 public:
  virtual ~Archive() = default;

  // Code::not_found: there is no such object.
  virtual Result<Object> open(const std::string& bucket, const std::string& key) = 0;

  // Calls `found` with the keys that begin with `folder`, which ends with a slash, and are behind
  // `after`, in the order of their bytes, until it returns false.
  virtual Status list(const std::string& bucket, const std::string& folder,
                      const std::string& after,
                      const std::function<bool(const std::string& key)>& found) = 0;

  // The names of the folders right below `folder`, without slashes. `folder` is "" or ends with
  // one.
  virtual Result<std::vector<std::string>> folders(const std::string& bucket,
                                                   const std::string& folder) = 0;
};

class PublicKeys {
 public:
  virtual ~PublicKeys() = default;
  // Those that signed digests of `region` at some time of [from, to].
  virtual Result<std::vector<aws::PublicKey>> list(const std::string& region, std::int64_t from,
                                                   std::int64_t to) = 0;
};

// Both must outlive what they return. `stop` ends a call, with Code::busy.
std::unique_ptr<Archive> s3_archive(aws::Session& session, bool requester_pays,
                                    const std::atomic<bool>& stop);
std::unique_ptr<PublicKeys> cloudtrail_keys(aws::Session& session, const std::atomic<bool>& stop);

// Buckets are the folders in `parent`, keys the paths in them. Metadata of an object is in the file
// PATH.metadata.json, as `aws s3api head-object` prints it; without that file there is none.
std::unique_ptr<Archive> folder_archive(std::string parent);
// A file as `aws cloudtrail list-public-keys` prints it.
Result<std::unique_ptr<PublicKeys>> file_keys(const std::string& path);

}  // namespace tocsin::digest
