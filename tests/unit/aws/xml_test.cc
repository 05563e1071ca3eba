#include "aws/xml.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::aws {
namespace {

TEST_CASE("elements and their text are read") {
  const auto root = parse_xml(
      "<?xml version=\"1.0\"?>\n<a xmlns=\"http://x/\"><!-- c --><b>1 &lt; 2 &#233;</b>"
      "<b>second</b><c><d/></c><e><![CDATA[<x>]]></e></a>");
  REQUIRE(root);
  CHECK(root->name == "a");
  CHECK(root->text_of("b") == "1 < 2 \xC3\xA9");
  CHECK(root->children.size() == 4);
  REQUIRE(root->child("c") != nullptr);
  CHECK(root->child("c")->child("d") != nullptr);
  CHECK(root->text_of("e") == "<x>");
  CHECK(root->child("x") == nullptr);
  CHECK(root->text_of("x").empty());
}

TEST_CASE("documents that are broken, define entities or grow without end are refused") {
  const auto why = [](const std::string& text) {
    const auto root = parse_xml(text);
    return root ? std::string("accepted") : root.error().message;
  };
  CHECK_THAT(why("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"),
             Catch::Contains("document type declaration"));
  CHECK_THAT(why("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
             Catch::Contains("document type declaration"));
  for (const char* text : {"", "   ", "<a>", "<a></b>", "<a/><b/>", "a", "<a>&x;</a>", "<a b></a>",
                           "<a>\x01</a>", "<a>\xFF</a>"}) {
    INFO(text);
    CHECK_THAT(why(text), Catch::Contains("cannot be read"));
  }
  std::string deep, wide = "<a>";
  for (std::size_t i = 0; i <= kXmlDepth; ++i) deep += "<a>";
  CHECK_THAT(why(deep), Catch::Contains("nested too deep"));
  for (std::size_t i = 0; i < kXmlElements; ++i) wide += "<b/>";
  CHECK_THAT(why(wide), Catch::Contains("too many elements"));
  CHECK(parse_xml("<a>" + wide.substr(3, 4 * (kXmlElements - 1)) + "</a>"));
}

}  // namespace
}  // namespace tocsin::aws
