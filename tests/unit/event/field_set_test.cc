#include "event/field_set.h"

#include <catch2/catch.hpp>

namespace tocsin::event {
namespace {

// The path of the field at the end of the keys, "-" when they lead nowhere or to none.
std::string at(const FieldSet& fields, std::initializer_list<const char*> keys) {
  FieldSet::NodeId node = FieldSet::kRoot;
  for (const char* key : keys) {
    node = fields.child(node, key);
    if (node == FieldSet::kNoNode) return "-";
  }
  const FieldRef field = fields.field_at(node);
  return field == kNoField ? "-" : fields.path(field);
}

TEST_CASE("a path has one slot") {
  FieldSet fields;
  const FieldRef a = fields.add("a.b");
  CHECK(fields.add("a") != a);
  CHECK(fields.add("a.b") == a);
  CHECK(fields.add("tocsin.mfa") == fields.add("tocsin.mfa"));
  CHECK(fields.add(kWholeEvent) == fields.add(kWholeEvent));
  CHECK(fields.size() == 4);
  CHECK(fields.find("a.b") == a);
  CHECK(fields.find("a.c") == kNoField);
  CHECK(fields.find("b") == kNoField);
}

TEST_CASE("keys lead through the trie, with dots in them or without") {
  FieldSet fields;
  for (const char* path : {"a", "a.b.c", "x.y.z", "longer.name", "tocsin.mfa"}) fields.add(path);
  CHECK(at(fields, {"a"}) == "a");
  CHECK(at(fields, {"a", "b"}) == "-");
  CHECK(at(fields, {"a", "b", "c"}) == "a.b.c");
  CHECK(at(fields, {"a.b", "c"}) == "a.b.c");
  CHECK(at(fields, {"a", "b.c"}) == "a.b.c");
  CHECK(at(fields, {"a.b.c"}) == "a.b.c");
  CHECK(at(fields, {"a.b.c.d"}) == "-");
  CHECK(at(fields, {"A"}) == "-");
  CHECK(at(fields, {"x", "y"}) == "-");
  CHECK(at(fields, {"x.y", "z"}) == "x.y.z");
  CHECK(at(fields, {"y"}) == "-");
  CHECK(at(fields, {""}) == "-");
  CHECK(at(fields, {"."}) == "-");
  // A fact is no field of the record.
  CHECK(at(fields, {"tocsin", "mfa"}) == "-");
  CHECK(at(fields, {"tocsin.mfa"}) == "-");
}

TEST_CASE("leaves are known") {
  FieldSet fields;
  fields.add("a.b");
  const auto a = fields.child(FieldSet::kRoot, "a");
  CHECK_FALSE(fields.is_leaf(a));
  CHECK(fields.is_leaf(fields.child(a, "b")));
}

TEST_CASE("many siblings are all found") {
  FieldSet fields;
  for (int i = 0; i < 500; ++i) fields.add("k" + std::to_string(i * 7919 % 10'000) + ".x");
  for (int i = 0; i < 500; ++i) {
    const std::string key = "k" + std::to_string(i * 7919 % 10'000);
    REQUIRE(at(fields, {key.c_str(), "x"}) == key + ".x");
  }
}

}  // namespace
}  // namespace tocsin::event
