#include <catch2/catch.hpp>

#include "digest/chain.h"

namespace tocsin::digest {
namespace {

Digest of(std::int64_t start, std::int64_t end, std::vector<ListedFile> files = {}) {
  Digest digest;
  digest.start = start;
  digest.end = end;
  digest.files = std::move(files);
  return digest;
}

TEST_CASE("hours that meet are one stretch, and a hole is none") {
  Coverage coverage;
  coverage.add(of(200, 300), false);
  coverage.add(of(100, 200), false);
  coverage.add(of(400, 500), false);
  coverage.add(of(300, 400), true);  // a backfill digest proves no hour
  coverage.seal();
  CHECK(coverage.covers(100, 300));
  CHECK(coverage.covers(150, 250));
  CHECK(coverage.covers(400, 500));
  CHECK_FALSE(coverage.covers(99, 300));
  CHECK_FALSE(coverage.covers(100, 301));
  CHECK_FALSE(coverage.covers(250, 450));
  CHECK_FALSE(coverage.covers(300, 400));
}

TEST_CASE("files of all digests are listed, each in its bucket") {
  Coverage coverage;
  coverage.add(of(0, 1, {{"b", "x", "", ""}, {"b", "y", "", ""}}), false);
  coverage.add(of(1, 2, {{"c", "z", "", ""}}), true);
  coverage.seal();
  CHECK(coverage.lists("b", "x"));
  CHECK(coverage.lists("b", "y"));
  CHECK(coverage.lists("c", "z"));
  CHECK_FALSE(coverage.lists("c", "x"));
  CHECK_FALSE(coverage.lists("b", "z"));
  CHECK_FALSE(coverage.lists("b", ""));
}

}  // namespace
}  // namespace tocsin::digest
