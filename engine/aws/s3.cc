#include "aws/s3.h"

#include <fmt/format.h>

#include "aws/xml.h"

namespace tocsin::aws {
namespace {

// A thousand keys of a kilobyte, each byte of which may be written as three.
constexpr std::size_t kListBytes = std::size_t{8} << 20;

Failure refuse(std::string message) {
  return {Kind::invalid, false, 0, {}, std::move(message)};
}

std::string arn(const Session& session, std::string_view region, std::string_view bucket,
                std::string_view key) {
  return fmt::format("arn:{}:s3:::{}{}{}", partition_of(region.empty() ? session.region() : region),
                     bucket, key.empty() ? "" : "/", key);
}

Call bucket_call(const Session& session, const std::string& bucket, const std::string& region,
                 bool requester_pays) {
  Call call;
  call.service = Service::s3;
  call.method = "GET";
  call.bucket = bucket;
  call.region = !region.empty() ? region : session.region();
  if (call.region.empty()) call.region = "us-east-1";  // S3 says where the bucket is
  if (requester_pays) call.headers.emplace_back("x-amz-request-payer", "requester");
  return call;
}

std::uint64_t size_of(std::string_view text) {
  std::uint64_t size = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || size > std::uint64_t{1} << 56) return 0;
    size = size * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return size;
}

ListPage read_page(const XmlElement& root) {
  const bool is_encoded = root.text_of("EncodingType") == "url";
  const auto decoded = [&](std::string_view text) {
    return is_encoded ? percent_decode(text) : std::string(text);
  };
  ListPage page;
  for (const XmlElement& element : root.children) {
    if (element.name == "Contents") {
      page.objects.push_back({decoded(element.text_of("Key")), size_of(element.text_of("Size")),
                              std::string(element.text_of("ETag")),
                              std::string(element.text_of("LastModified")),
                              std::string(element.text_of("StorageClass"))});
    } else if (element.name == "CommonPrefixes") {
      page.prefixes.push_back(decoded(element.text_of("Prefix")));
    }
  }
  if (root.text_of("IsTruncated") == "true") {
    page.continuation = root.text_of("NextContinuationToken");
  }
  return page;
}

}  // namespace

Outcome<std::unique_ptr<S3Object>> S3::get(const ObjectName& object,
                                           const std::atomic<bool>& stop) {
  if (!is_bucket(object.bucket)) {
    return tl::unexpected(refuse(fmt::format("`{}` is not the name of a bucket", object.bucket)));
  }
  if (object.key.empty()) return tl::unexpected(refuse("the key of an S3 object is empty"));
  Call call = bucket_call(session_, object.bucket, object.region, object.requester_pays);
  call.operation = "GetObject";
  call.action = "s3:GetObject";
  call.resource = arn(session_, object.region, object.bucket, object.key);
  call.path = '/' + encode_path(object.key);
  if (!object.version.empty()) {
    call.query.emplace_back("versionId", object.version);
    call.action = "s3:GetObjectVersion";
  }
  call.idle_timeout_ms = S3Object::kIdleMs;
  Outcome<Transport::Answer> answer = session_.open_answer(call, stop);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return std::unique_ptr<S3Object>(
      new S3Object(session_, std::move(call), std::move(*answer), stop));
}

Outcome<ListPage> S3::list(const ListRequest& request, const std::atomic<bool>& stop) {
  if (!is_bucket(request.bucket)) {
    return tl::unexpected(refuse(fmt::format("`{}` is not the name of a bucket", request.bucket)));
  }
  Call call = bucket_call(session_, request.bucket, request.region, request.requester_pays);
  call.operation = "ListObjectsV2";
  call.action = "s3:ListBucket";
  call.resource = arn(session_, request.region, request.bucket, "");
  call.path = "/";
  call.query = {{"list-type", "2"},
                {"encoding-type", "url"},  // keys may hold what XML cannot
                {"max-keys", std::to_string(request.max_keys)},
                {"prefix", request.prefix}};
  if (!request.delimiter.empty()) call.query.emplace_back("delimiter", request.delimiter);
  if (!request.continuation.empty()) {
    call.query.emplace_back("continuation-token", request.continuation);
  } else if (!request.start_after.empty()) {
    call.query.emplace_back("start-after", request.start_after);
  }
  call.timeout_ms = 60'000;
  call.answer_bytes = kListBytes;
  const Outcome<net::HttpAnswer> answer = session_.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const Result<XmlElement> root = parse_xml(answer->body);
  if (!root || root->name != "ListBucketResult") {
    return tl::unexpected(
        refuse(fmt::format("{} on {}: the answer is no listing{}", call.action, call.resource,
                           root ? std::string() : ": " + root.error().message)));
  }
  return read_page(*root);
}

}  // namespace tocsin::aws
