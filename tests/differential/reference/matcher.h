// The reference matcher: a Sigma rule over an event, evaluated literally as the specification and
// the semantics table of the design say. Slow and obvious; it shares the rule parser with the
// engine and nothing else. Where the two disagree, one of them is wrong.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "differential/reference/event.h"
#include "sigma/ast.h"
#include "sigma/lists.h"

namespace re2 {
class RE2;
}

namespace tocsin::reference {

class Matcher {
 public:
  explicit Matcher(const sigma::Lists& lists);
  ~Matcher();

  // Precondition: the engine could compile the rule.
  bool matches(const sigma::Rule& rule, const Event& event);
  // With those of `filters` that apply to the rule.
  bool matches(const sigma::Rule& rule, const std::vector<sigma::Filter>& filters,
               const Event& event);

 private:
  using Detections = std::vector<sigma::NamedDetection>;

  bool conditions(const std::vector<sigma::Condition>& list, const Detections& named,
                  const Event& event);
  bool condition(const sigma::Condition& one, const Detections& named, const Event& event);
  bool detection(const sigma::Detection& one, const Event& event);
  bool item(const sigma::DetectionItem& one, const Event& event);
  bool value(const sigma::DetectionItem& one, const sigma::Value& value, const Event& event);

  bool text_matches(const sigma::DetectionItem& one, const std::string& value, const Field& field);
  bool regex_matches(const sigma::DetectionItem& one, const std::string& value, const Field& field);
  bool cidr_matches(const sigma::DetectionItem& one, const std::string& value, const Field& field);

  const sigma::Lists& lists_;
  std::map<std::string, std::unique_ptr<re2::RE2>> regexes_;
};

// Does the filter speak of the rule? Specification of filters, "rules" and "logsource".
bool applies(const sigma::Filter& filter, const sigma::Rule& rule);

}  // namespace tocsin::reference
