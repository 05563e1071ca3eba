#include "aws/xml.h"

#include <expat.h>
#include <fmt/format.h>

#include <limits>
#include <memory>

namespace tocsin::aws {
namespace {

struct Free {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

struct XmlBuilder {
  XML_Parser parser = nullptr;
  XmlElement document;            // the root's parent
  std::vector<XmlElement*> open;  // a child is appended only to the innermost: addresses stay
  std::size_t elements = 0;
  const char* refusal = nullptr;

  void refuse(const char* why) {
    if (refusal == nullptr) refusal = why;
    XML_StopParser(parser, XML_FALSE);
  }
};

// expat is C: nothing may be thrown through it.

void begin_element(void* user, const XML_Char* name, const XML_Char**) noexcept {
  auto& builder = *static_cast<XmlBuilder*>(user);
  if (builder.open.size() > kXmlDepth) return builder.refuse("its elements are nested too deep");
  if (++builder.elements > kXmlElements) return builder.refuse("it has too many elements");
  std::vector<XmlElement>& siblings = builder.open.back()->children;
  siblings.push_back({name, {}, {}});
  builder.open.push_back(&siblings.back());
}

void end_element(void* user, const XML_Char*) noexcept {
  static_cast<XmlBuilder*>(user)->open.pop_back();
}

void add_text(void* user, const XML_Char* text, int size) noexcept {
  static_cast<XmlBuilder*>(user)->open.back()->text.append(text, static_cast<std::size_t>(size));
}

void refuse_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) noexcept {
  static_cast<XmlBuilder*>(user)->refuse("it has a document type declaration");
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  for (const XmlElement& element : children) {
    if (element.name == child_name) return &element;
  }
  return nullptr;
}

std::string_view XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* element = child(child_name);
  return element == nullptr ? std::string_view() : std::string_view(element->text);
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(Code::limit, "the XML is too large");
  }
  const std::unique_ptr<XML_ParserStruct, Free> parser(XML_ParserCreate("UTF-8"));
  if (parser == nullptr) return fail(Code::busy, "not enough memory");
  XmlBuilder builder;
  builder.parser = parser.get();
  builder.open.push_back(&builder.document);
  XML_SetUserData(parser.get(), &builder);
  XML_SetElementHandler(parser.get(), begin_element, end_element);
  XML_SetCharacterDataHandler(parser.get(), add_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), refuse_doctype);
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) !=
      XML_STATUS_OK) {
    return fail(
        Code::invalid_input,
        fmt::format("the XML cannot be read: {}",
                    builder.refusal != nullptr ? builder.refusal
                                               : XML_ErrorString(XML_GetErrorCode(parser.get()))));
  }
  return std::move(builder.document.children.front());
}

}  // namespace tocsin::aws
