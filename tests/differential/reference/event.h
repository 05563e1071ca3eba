// An event as the reference sees it: the tree, and its fields looked up by walking the tree.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "differential/reference/json_dom.h"

namespace tocsin::reference {

struct Scalar {
  Json::Kind kind = Json::Kind::null;
  bool nested = false;  // somewhere below an object at which the path ended
  std::string text;     // canonical
  std::u32string characters, folded;
};

struct Field {
  bool present = false;
  std::vector<Scalar> scalars;  // in document order
};

class Event {
 public:
  explicit Event(Json json) : json_(std::move(json)) {}

  // A dotted path, a `tocsin.` fact, or "" for every scalar of the event.
  const Field& field(const std::string& path) const;
  const Json& json() const { return json_; }

 private:
  Json json_;
  mutable std::map<std::string, Field> known_;
};

// The value of a fact; "" when there is none. See event/cloudtrail.h.
std::string fact(const Event& event, std::string_view name);

}  // namespace tocsin::reference
