#include "event/field_set.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "event/cloudtrail.h"

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

TEST_CASE("a part of a set has the same slots and leads to its own fields only") {
  FieldSet fields;
  for (const char* path : {"a", "a.b.c", "x.y", "tocsin.mfa"}) fields.add(path);
  FactFields::complete(fields);
  const FieldRef wanted[] = {fields.find("a.b.c"), fields.find("tocsin.mfa")};
  const FieldSet part = fields.only(wanted);
  CHECK(part.size() == fields.size());
  CHECK(part.find("x.y") == fields.find("x.y"));
  CHECK(at(part, {"a", "b", "c"}) == "a.b.c");
  CHECK(at(part, {"a"}) == "-");
  CHECK(at(part, {"x", "y"}) == "-");
  CHECK(part.is_read(fields.find("tocsin.mfa")));
  CHECK_FALSE(part.is_read(fields.find("a")));
  // What the fact is computed from.
  const char* const source = "userIdentity.sessionContext.attributes.mfaAuthenticated";
  CHECK(part.is_read(fields.find(source)));
  CHECK(at(part, {source}) == source);
  CHECK_FALSE(fields.only({wanted, 1}).is_read(fields.find(source)));
}

TEST_CASE("hostile names cost no more than their length") {
  FieldSet fields;
  fields.add(std::string(20'000, '.'));
  for (int i = 0; i < 10'000; ++i) fields.add("name" + std::to_string(i) + ".x.y");
  CHECK(at(fields, {"name9999.x", "y"}) == "name9999.x.y");
}

TEST_CASE("keys are told apart whatever they have in common") {
  FieldSet fields;
  std::vector<std::string> keys;
  for (std::size_t size = 1; size < 90; ++size) {
    for (const char last : {'a', 'b'}) keys.push_back(std::string(size - 1, 'k') + last);
  }
  for (const std::string& key : keys) fields.add(key);
  for (const std::string& key : keys) {
    CHECK(at(fields, {key.c_str()}) == key);
    CHECK(at(fields, {(key + "x").c_str()}) == "-");
    fields.add(key + ".inner");
  }
  for (const std::string& key : keys) {
    CHECK(at(fields, {(key + ".inner").c_str()}) == key + ".inner");
    CHECK(at(fields, {(key + ".other").c_str()}) == "-");
  }
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
