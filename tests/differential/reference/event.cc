#include "differential/reference/event.h"

#include "differential/reference/values.h"

namespace tocsin::reference {
namespace {

Scalar make_scalar(Json::Kind kind, const std::string& text, bool nested) {
  Scalar scalar{kind, nested, text, {}, {}};
  if (kind == Json::Kind::number) scalar.text = canonical(text);
  scalar.characters = decode(scalar.text);
  scalar.folded = fold(scalar.characters);
  return scalar;
}

// Every scalar of `json`, in document order.
void collect(const Json& json, bool nested, Field& out) {
  for (const Json& element : json.elements) collect(element, nested, out);
  for (const Member& member : json.members) collect(member.value, true, out);
  if (json.kind == Json::Kind::array || json.kind == Json::Kind::object) return;
  out.scalars.push_back(make_scalar(json.kind, json.text, nested));
}

// `path` leads on from `json`; any element of an array can be meant.
void walk(const Json& json, std::string_view path, Field& out) {
  for (const Json& element : json.elements) walk(element, path, out);
  for (const Member& member : json.members) {
    if (path == member.key) {
      out.present = true;
      collect(member.value, false, out);
    } else if (path.size() > member.key.size() && path.starts_with(member.key) &&
               path[member.key.size()] == '.') {
      walk(member.value, path.substr(member.key.size() + 1), out);
    }
  }
}

}  // namespace

const Field& Event::field(const std::string& path) const {
  const auto [known, added] = known_.try_emplace(path);
  Field& field = known->second;
  if (!added) return field;
  if (path.empty()) {
    field.present = true;
    collect(json_, true, field);
  } else if (path.starts_with("tocsin.")) {
    const std::string text = fact(*this, path.substr(7));
    field.present = !text.empty();
    if (field.present) field.scalars.push_back(make_scalar(Json::Kind::string, text, false));
  } else {
    walk(json_, path, field);
  }
  return field;
}

}  // namespace tocsin::reference
