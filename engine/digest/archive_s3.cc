// Archive and PublicKeys over S3 and CloudTrail.
#include "aws/s3.h"
#include "digest/archive.h"

namespace tocsin::digest {
namespace {

class S3Archive final : public Archive {
 public:
  S3Archive(aws::Session& session, bool requester_pays, const std::atomic<bool>& stop)
      : s3_(session), requester_pays_(requester_pays), stop_(stop) {}

  Result<Object> open(const std::string& bucket, const std::string& key) override {
    aws::ObjectName name;
    name.bucket = bucket;
    name.key = key;
    name.requester_pays = requester_pays_;
    auto object = s3_.get(name, stop_);
    if (!object) return tl::unexpected(aws::to_error(object.error()));
    std::map<std::string, std::string> metadata = (*object)->info().metadata;
    return Object{std::move(*object), std::move(metadata)};
  }

  Status list(const std::string& bucket, const std::string& folder, const std::string& after,
              const std::function<bool(const std::string& key)>& found) override {
    aws::ListRequest request = request_for(bucket, folder);
    request.start_after = after;
    do {
      const auto page = s3_.list(request, stop_);
      if (!page) return tl::unexpected(aws::to_error(page.error()));
      for (const aws::ListedObject& object : page->objects) {
        if (!found(object.key)) return {};
      }
      request.continuation = page->continuation;
    } while (!request.continuation.empty());
    return {};
  }

  Result<std::vector<std::string>> folders(const std::string& bucket,
                                           const std::string& folder) override {
    aws::ListRequest request = request_for(bucket, folder);
    request.delimiter = "/";
    std::vector<std::string> names;
    do {
      const auto page = s3_.list(request, stop_);
      if (!page) return tl::unexpected(aws::to_error(page.error()));
      for (const std::string& prefix : page->prefixes) {
        names.push_back(prefix.substr(folder.size(), prefix.size() - folder.size() - 1));
      }
      request.continuation = page->continuation;
    } while (!request.continuation.empty());
    return names;
  }

 private:
  aws::ListRequest request_for(const std::string& bucket, const std::string& folder) const {
    aws::ListRequest request;
    request.bucket = bucket;
    request.prefix = folder;
    request.requester_pays = requester_pays_;
    return request;
  }

  aws::S3 s3_;
  const bool requester_pays_;
  const std::atomic<bool>& stop_;
};

class CloudTrailKeys final : public PublicKeys {
 public:
  CloudTrailKeys(aws::Session& session, const std::atomic<bool>& stop)
      : session_(session), stop_(stop) {}

  Result<std::vector<aws::PublicKey>> list(const std::string& region, std::int64_t from,
                                           std::int64_t to) override {
    auto keys = aws::list_public_keys(session_, region, from, to, stop_);
    if (!keys) return tl::unexpected(aws::to_error(keys.error()));
    return std::move(*keys);
  }

 private:
  aws::Session& session_;
  const std::atomic<bool>& stop_;
};

}  // namespace

std::unique_ptr<Archive> s3_archive(aws::Session& session, bool requester_pays,
                                    const std::atomic<bool>& stop) {
  return std::make_unique<S3Archive>(session, requester_pays, stop);
}

std::unique_ptr<PublicKeys> cloudtrail_keys(aws::Session& session, const std::atomic<bool>& stop) {
  return std::make_unique<CloudTrailKeys>(session, stop);
}

}  // namespace tocsin::digest
