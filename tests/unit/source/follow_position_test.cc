#include "source/follow_position.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "source/follow_paths.h"

namespace tocsin::source {
namespace {

FollowedText text_of(std::uint64_t number, const std::string& path) {
  FollowedText text;
  text.file = {{7, number}, 1000 + number, -5, true, true};
  text.path = path;
  Marker marker;
  marker.feed(fmt::format("{}", number));
  text.marks = marker.marks();
  text.ended = true;
  return text;
}

TEST_CASE("a position is read as it was written") {
  FollowedText full = text_of(0xFFFF'FFFF'FFFF'FFFF, "/var/log/a \"b\"\n.log");
  full.open = "{\"Records\":[";
  full.packed = true;
  full.gone_since_ms = 12;
  const FollowedText plain = text_of(2, "x");
  FollowedText odd = text_of(3, "\xff\xfe");
  bool complete = false;
  const std::string json =
      encode_position({&full, &plain, &odd}, {1, 0xABCDEF}, 1'700'000'000'000, complete);
  CHECK(complete);
  const auto position = decode_position(json);
  REQUIRE(position);
  REQUIRE(position->texts.size() == 3);
  const FollowedText& read = position->texts[0];
  CHECK(read.file.same_version(full.file));
  CHECK(read.path == full.path);
  CHECK(read.marks == full.marks);
  CHECK(read.open == full.open);
  CHECK(read.packed);
  CHECK(read.ended);
  CHECK(read.gone_since_ms == 12);
  CHECK_FALSE(position->texts[1].packed);
  CHECK(position->texts[2].path.empty());  // it is no text; the file is known without
  CHECK(position->read == std::unordered_set<std::uint64_t>{1, 0xABCDEF});
  CHECK(position->complete_ms == 1'700'000'000'000);
}

TEST_CASE("a position is never larger than it may be") {
  std::vector<FollowedText> texts;
  for (std::uint64_t i = 0; i < 70'000; ++i) {
    texts.push_back(text_of(i, i % 100 == 0 ? std::string(1024, '\x01') : "/a/b.json"));
  }
  std::vector<const FollowedText*> pointers;
  for (const FollowedText& text : texts) pointers.push_back(&text);
  bool complete = true;
  const std::string json = encode_position(pointers, {}, 0, complete);
  CHECK_FALSE(complete);
  CHECK(json.size() < FollowPosition::kBytes);

  pointers.resize(40'000);
  const auto position = decode_position(encode_position(pointers, {}, 0, complete));
  CHECK(complete);
  REQUIRE(position);
  CHECK(position->texts.size() + position->read.size() == 40'000);
  CHECK(position->read.contains(version_hash(texts[39'999].file)));
}

TEST_CASE("what is no position is refused") {
  for (const char* text :
       {"", "{", "[]", "null", "{\"v\":2,\"texts\":[],\"read\":\"\",\"w\":0}",
        "{\"v\":1,\"texts\":[{\"d\":-1}],\"read\":\"\",\"w\":0}",
        "{\"v\":1,\"texts\":[],\"read\":\"xyz\",\"w\":0}", "{\"v\":1,\"texts\":7,\"read\":\"\"}"}) {
    INFO(text);
    CHECK_FALSE(decode_position(text));
  }
}

TEST_CASE("marks tell texts apart, and know them again") {
  const std::string text(5000, 'a');
  constexpr std::size_t kSizes[] = {0, 1, 63, 64, 255, 1023, 1024, 1025, 2048, 5000};
  for (const std::size_t size : kSizes) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{100}, std::size_t{5000}}) {
      Marker marker;
      for (std::size_t at = 0; at < size; at += step) {
        marker.feed(std::string_view(text).substr(at, std::min(step, size - at)));
      }
      const std::size_t edge = std::min<std::size_t>(size, Marks::kTailBytes);
      const Marker whole(std::string_view(text).substr(0, edge),
                         std::string_view(text).substr(size - edge, edge), size);
      CHECK(marker.marks() == whole.marks());
      CHECK_FALSE(Head(text).compare(marker.marks()).differs);
      CHECK(Head(text).compare(marker.marks()).agreed == std::min<std::size_t>(size, 1024));
      if (size > 0) CHECK(Head("b" + text).compare(marker.marks()).differs);
      CHECK(Head("").compare(marker.marks()).agreed == 0);
    }
  }
}

TEST_CASE("names before rotation") {
  const auto before = [](const char* path, const char* name) {
    const auto names = names_before_rotation(path);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  CHECK(before("/l/x.log.1", "/l/x.log"));
  CHECK(before("/l/x.log.12.gz", "/l/x.log"));
  CHECK(before("/l/x.log-20240131", "/l/x.log"));
  CHECK(before("/l/x.log-20240131-1706.xz", "/l/x.log"));
  CHECK(before("/l/x-2024-01-31.log", "/l/x.log"));
  CHECK(before("/l/x.log.gz", "/l/x.log"));
  CHECK(before("/l/0.log.20240131-120000", "/l/0.log"));
  CHECK_FALSE(before("/l/x.log.conf", "/l/x.log"));
  CHECK_FALSE(before("/l/x.log2", "/l/x.log"));
  CHECK_FALSE(before("/l/y.log.1", "/l/x.log"));
  CHECK_FALSE(before("/m/x.log.1", "/l/x.log"));
  CHECK_FALSE(before("/l/x.log", "/l/x.log"));
  CHECK(names_before_rotation("").empty());
  CHECK(names_before_rotation("/").empty());
  CHECK(names_before_rotation("1234").empty());
}

}  // namespace
}  // namespace tocsin::source
