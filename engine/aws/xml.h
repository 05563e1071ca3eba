// XML as AWS answers with: elements and their text. Attributes, namespaces and comments are
// skipped. A document type declaration is refused, so that no entity can be defined.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::aws {

inline constexpr std::size_t kXmlDepth = 16;
inline constexpr std::size_t kXmlElements = 50'000;  // a page of 1,000 objects has 8,000

struct XmlElement {
  std::string name;
  std::string text;  // directly in the element
  std::vector<XmlElement> children;

  // The first child with this name, or nullptr.
  const XmlElement* child(std::string_view child_name) const;
  // Its text; "" when there is none.
  std::string_view text_of(std::string_view child_name) const;
};

// The document's root element.
Result<XmlElement> parse_xml(std::string_view text);

}  // namespace tocsin::aws
