#include "source/follow_position.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <exception>
#include <utility>

#include "base/hash.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace tocsin::source {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHashDigits = 12;
constexpr std::size_t kPathBytes = 1024;

std::string hex(std::uint64_t value) {
  return fmt::format("{:x}", value);
}

void write_text(const FollowedText& text, JsonWriter& out) {
  out.begin_object();
  out.key("d").number(text.file.id.device).key("i").number(text.file.id.inode);
  out.key("s").number(text.file.size).key("m").number(text.file.mtime_ns);
  out.key("o").number(text.marks.size).key("h").begin_array();
  for (const std::uint64_t head : text.marks.heads) out.string(hex(head));
  out.end_array().member("t", hex(text.marks.tail));
  // Without its path a text is still known by its file and its marks.
  if (text.path.size() <= kPathBytes && text::find_invalid_utf8(text.path) == std::string::npos) {
    out.member("p", text.path);
  }
  if (!text.open.empty()) out.member("c", text.open);
  if (text.packed) out.key("z").boolean(true);
  if (text.ended) out.key("e").boolean(true);
  if (text.gone_since_ms != 0) out.key("g").number(text.gone_since_ms);
  out.end_object();
}

// --- reading; throws what Boost.JSON throws ---

std::uint64_t from_hex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw std::invalid_argument("not a hexadecimal number");
  }
  return value;
}

std::string_view view(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

FollowedText read_text(const json::object& object) {
  FollowedText text;
  text.file.id = {object.at("d").to_number<std::uint64_t>(),
                  object.at("i").to_number<std::uint64_t>()};
  text.file.size = object.at("s").to_number<std::uint64_t>();
  text.file.mtime_ns = object.at("m").to_number<std::int64_t>();
  text.marks.size = object.at("o").to_number<std::uint64_t>();
  const json::array& heads = object.at("h").as_array();
  for (std::size_t i = 0; i < std::size(text.marks.heads); ++i) {
    text.marks.heads[i] = from_hex(view(heads.at(i)));
  }
  text.marks.tail = from_hex(view(object.at("t")));
  if (const auto* path = object.if_contains("p")) text.path = view(*path);
  if (const auto* open = object.if_contains("c")) text.open = view(*open);
  if (const auto* packed = object.if_contains("z")) text.packed = packed->as_bool();
  if (const auto* ended = object.if_contains("e")) text.ended = ended->as_bool();
  if (const auto* gone = object.if_contains("g")) {
    text.gone_since_ms = gone->to_number<std::int64_t>();
  }
  return text;
}

FollowPosition read_position(std::string_view text) {
  const json::value parsed = json::parse({text.data(), text.size()});
  const json::object& object = parsed.as_object();
  if (object.at("v").to_number<std::uint64_t>() != kVersion) {
    throw std::invalid_argument("it was written by another version");
  }
  FollowPosition position;
  for (const json::value& each : object.at("texts").as_array()) {
    position.texts.push_back(read_text(each.as_object()));
  }
  position.complete_ms = object.at("w").to_number<std::int64_t>();
  const std::string_view read = view(object.at("read"));
  for (std::size_t at = 0; at < read.size(); at += kHashDigits) {
    position.read.insert(from_hex(read.substr(at, kHashDigits)));
  }
  return position;
}

}  // namespace

std::uint64_t version_hash(const FileState& file) {
  const std::uint64_t hash =
      Fnv64()
          .add(fmt::format("{} {} {} {}", file.id.device, file.id.inode, file.size, file.mtime_ns))
          .value();
  return (hash ^ hash >> 48) & 0xFFFF'FFFF'FFFFu;
}

std::string encode_position(const std::vector<const FollowedText*>& texts,
                            const std::unordered_set<std::uint64_t>& read, std::int64_t complete_ms,
                            bool& complete) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("v").number(kVersion).key("texts").begin_array();
  std::string hashes;
  complete = true;
  const auto add_hash = [&](std::uint64_t hash) {
    if (hashes.size() < FollowPosition::kReadFiles * kHashDigits) {
      hashes += fmt::format("{:012x}", hash);
    } else {
      complete = false;
    }
  };
  for (const FollowedText* text : texts) {
    if (out.size() < FollowPosition::kTextBytes) {
      write_text(*text, writer);
    } else if (text->ended && text->gone_since_ms == 0) {
      add_hash(version_hash(text->file));
    } else {
      complete = false;
    }
  }
  for (const std::uint64_t hash : read) add_hash(hash);
  writer.end_array().member("read", hashes).key("w").number(complete_ms).end_object();
  return out;
}

Result<FollowPosition> decode_position(std::string_view text) {
  try {
    return read_position(text);
  } catch (const std::exception& problem) {
    return fail(Code::invalid_input,
                fmt::format("the saved position cannot be read: {}", problem.what()));
  }
}

}  // namespace tocsin::source
