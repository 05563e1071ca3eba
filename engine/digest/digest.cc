#include "digest/digest.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/time.h"
#include "net/crypto.h"

namespace tocsin::digest {
namespace {

namespace json = boost::json;

// The text of a member. Nothing when it is absent, null or no text.
std::optional<std::string> text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string().data(), value->get_string().size());
}

bool is_null_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_null();
}

std::optional<std::int64_t> seconds_of(const std::optional<std::string>& text) {
  const std::optional<CivilTime> time = text ? parse_time(*text) : std::nullopt;
  if (!time) return std::nullopt;
  return time->unix_seconds();
}

tl::unexpected<Error> lacks(std::string_view member) {
  return fail(Code::invalid_input, fmt::format("it has no readable `{}`", member));
}

std::optional<Link> read_link(const json::object& object) {
  std::optional<std::string> bucket = text_in(object, "previousDigestS3Bucket");
  std::optional<std::string> key = text_in(object, "previousDigestS3Object");
  if (!bucket || !key) return std::nullopt;
  Link link{std::move(*bucket), std::move(*key), {}, {}};
  if (text_in(object, "previousDigestHashAlgorithm") == kHashAlgorithm) {
    link.hash = text_in(object, "previousDigestHashValue").value_or("");
  }
  link.signature = text_in(object, "previousDigestSignature").value_or("");
  return link;
}

Status read_files(const json::object& object, std::vector<ListedFile>& files) {
  const json::value* list = object.if_contains("logFiles");
  if (list == nullptr || !list->is_array()) return lacks("logFiles");
  for (const json::value& item : list->get_array()) {
    if (!item.is_object()) return lacks("logFiles[]");
    const json::object& file = item.get_object();
    auto bucket = text_in(file, "s3Bucket"), key = text_in(file, "s3Object"),
         hash = text_in(file, "hashValue"), algorithm = text_in(file, "hashAlgorithm");
    if (!bucket || !key || !hash || !algorithm) {
      return lacks("logFiles[].{s3Bucket,s3Object,hashValue,hashAlgorithm}");
    }
    files.push_back({std::move(*bucket), std::move(*key), std::move(*hash), std::move(*algorithm)});
  }
  return {};
}

}  // namespace

Result<Digest> parse_digest(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return fail(Code::invalid_input, "it is no JSON object");
  const json::object& object = value.get_object();

  Digest digest;
  for (const auto& [name, member] :
       {std::pair("digestS3Bucket", &digest.bucket), std::pair("digestS3Object", &digest.key),
        std::pair("digestEndTime", &digest.end_text),
        std::pair("digestPublicKeyFingerprint", &digest.fingerprint)}) {
    std::optional<std::string> found = text_in(object, name);
    if (!found) return lacks(name);
    *member = std::move(*found);
  }
  const auto start = seconds_of(text_in(object, "digestStartTime"));
  const auto end = seconds_of(digest.end_text);
  if (!start) return lacks("digestStartTime");
  if (!end || *end < *start) return lacks("digestEndTime");
  digest.start = *start;
  digest.end = *end;
  digest.previous_signature = text_in(object, "previousDigestSignature");
  if (!digest.previous_signature && !is_null_in(object, "previousDigestSignature")) {
    return lacks("previousDigestSignature");
  }
  digest.previous = read_link(object);
  if (Status status = read_files(object, digest.files); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return digest;
}

std::string signed_text(const Digest& digest, std::string_view content) {
  return fmt::format("{}\n{}/{}\n{}\n{}", digest.end_text, digest.bucket, digest.key,
                     net::hex(net::as_text(net::sha256(content))),
                     digest.previous_signature.value_or("null"));
}

}  // namespace tocsin::digest
