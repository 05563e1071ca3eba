// Archive and PublicKeys over a folder and a file: copies that are verified without AWS.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string_view>

#include "digest/archive.h"
#include "event/base64.h"

namespace tocsin::digest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMetadataSuffix = ".metadata.json";
constexpr std::size_t kSidecarBytes = std::size_t{1} << 20;

// A file's JSON object. Code::not_found: there is no such file.
Result<boost::json::object> read_object(const std::string& path) {
  std::error_code missing;
  if (!fs::is_regular_file(path, missing)) {
    return fail(Code::not_found, fmt::format("there is no file {}", path));
  }
  std::string text;
  const auto file = event::open_file(path);
  if (!file) return tl::unexpected(file.error());
  if (Status read = event::read_all(**file, kSidecarBytes, text); !read) {
    return fail(read.error().code, fmt::format("cannot read {}: {}", path, read.error().message));
  }
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) {
    return fail(Code::invalid_input, fmt::format("{} is no JSON object", path));
  }
  return std::move(value.get_object());
}

std::string string_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// A key is a path below its bucket: no name in it may lead elsewhere.
bool stays_below(std::string_view key) {
  if (key.empty() || key.find('\0') != key.npos) return false;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t slash = std::min(key.find('/', at), key.size());
    const std::string_view name = key.substr(at, slash - at);
    if (name.empty() || name == "." || name == "..") return false;
    at = slash + 1;
  }
  return true;
}

class FolderArchive final : public Archive {
 public:
  explicit FolderArchive(std::string parent) : parent_(std::move(parent)) {}

  Result<Object> open(const std::string& bucket, const std::string& key) override {
    if (!stays_below(bucket) || bucket.find('/') != bucket.npos || !stays_below(key)) {
      return fail(Code::refused, "its name does not lead to a file below the folder");
    }
    const std::string path = path_of(bucket, key);
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      return fail(Code::not_found, fmt::format("there is no file {}", path));
    }
    auto bytes = event::open_file(path);
    if (!bytes) return tl::unexpected(std::move(bytes.error()));
    Object object{std::move(*bytes), {}};
    const auto sidecar = read_object(path + std::string(kMetadataSuffix));
    if (!sidecar && sidecar.error().code != Code::not_found) {
      return tl::unexpected(sidecar.error());
    }
    const boost::json::value* metadata = sidecar ? sidecar->if_contains("Metadata") : nullptr;
    if (metadata == nullptr || !metadata->is_object()) return object;
    for (const auto& member : metadata->get_object()) {
      if (!member.value().is_string()) continue;
      object.metadata.emplace(
          std::string(member.key().data(), member.key().size()),
          string_member(metadata->get_object(), {member.key().data(), member.key().size()}));
    }
    return object;
  }

  Status list(const std::string& bucket, const std::string& folder, const std::string& after,
              const std::function<bool(const std::string& key)>& found) override {
    std::vector<std::string> keys;
    std::error_code error;
    const std::string root = path_of(bucket, "");
    if (!fs::is_directory(path_of(bucket, folder), error)) return {};
    for (fs::recursive_directory_iterator at(path_of(bucket, folder), error), end;
         !error && at != end; at.increment(error)) {
      std::string key = at->path().string().substr(root.size());
      std::error_code unknown;
      if (at->is_directory(unknown) || key.ends_with(kMetadataSuffix) || key <= after) continue;
      keys.push_back(std::move(key));
    }
    if (error) return cannot_list(bucket, folder, error);
    std::sort(keys.begin(), keys.end());
    for (const std::string& key : keys) {
      if (!found(key)) break;
    }
    return {};
  }

  Result<std::vector<std::string>> folders(const std::string& bucket,
                                           const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    if (!fs::is_directory(path_of(bucket, folder), error)) return names;
    for (fs::directory_iterator at(path_of(bucket, folder), error), end; !error && at != end;
         at.increment(error)) {
      std::error_code unknown;
      if (at->is_directory(unknown)) names.push_back(at->path().filename().string());
    }
    if (error) return cannot_list(bucket, folder, error);
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_of(const std::string& bucket, const std::string& key) const {
    return parent_ + '/' + bucket + '/' + key;
  }
  tl::unexpected<Error> cannot_list(const std::string& bucket, const std::string& folder,
                                    const std::error_code& error) const {
    return fail(Code::io,
                fmt::format("cannot list {}: {}", path_of(bucket, folder), error.message()));
  }

  const std::string parent_;
};

class FileKeys final : public PublicKeys {
 public:
  explicit FileKeys(std::vector<aws::PublicKey> keys) : keys_(std::move(keys)) {}
  // The file says nothing about regions, and whose fingerprint fits is the right one.
  Result<std::vector<aws::PublicKey>> list(const std::string&, std::int64_t,
                                           std::int64_t) override {
    return keys_;
  }

 private:
  const std::vector<aws::PublicKey> keys_;
};

}  // namespace

std::unique_ptr<Archive> folder_archive(std::string parent) {
  return std::make_unique<FolderArchive>(std::move(parent));
}

Result<std::unique_ptr<PublicKeys>> file_keys(const std::string& path) {
  const auto object = read_object(path);
  if (!object) return tl::unexpected(object.error());
  std::vector<aws::PublicKey> keys;
  const boost::json::value* list = object->if_contains("PublicKeyList");
  if (list != nullptr && list->is_array()) {
    for (const boost::json::value& item : list->get_array()) {
      if (!item.is_object()) continue;
      const auto der = event::decode_base64(string_member(item.get_object(), "Value"));
      if (der) keys.push_back({string_member(item.get_object(), "Fingerprint"), *der, 0, 0});
    }
  }
  if (keys.empty()) {
    return fail(Code::invalid_input,
                fmt::format("{} has no keys: it must be what `aws cloudtrail list-public-keys` "
                            "prints, {{\"PublicKeyList\": […]}}",
                            path));
  }
  return std::make_unique<FileKeys>(std::move(keys));
}

}  // namespace tocsin::digest
