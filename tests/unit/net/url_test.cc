#include <catch2/catch.hpp>
#include <string>

#include "net/http_client.h"
#include "net/redactor.h"

namespace tocsin::net {
namespace {

TEST_CASE("URLs are checked, and the error says why not") {
  struct Case {
    std::string url;
    const char* problem;  // "": good
  };
  const Case kCases[] = {
      {"https://hooks.slack.com/services/T0/B0/x", ""},
      {"http://example.com", ""},
      {"HTTPS://example.com:8443/a?b=c#d", ""},
      {"http://[2001:4860::8888]:80/", ""},
      {"", "empty"},
      {"example.com/x", "not a URL"},
      {"ftp://example.com/", "does not start"},
      {"file:///etc/passwd", "not a URL"},
      {"javascript:alert(1)", "not a URL"},
      {"unknown://example.com/", "does not start"},
      {"https://", "no valid host"},
      {"https:/example.com", "not a URL"},
      {"https:\\\\example.com", "not a URL"},
      {"https:///path", "not a URL"},
      {"https://exa mple.com/", "blank"},
      {"https://example.com/a b", "blank"},
      {"https://example.com/\r\nX: y", "control"},
      {"https://example.com/\x7F", "control"},
      {std::string("https://example.com/\0", 21), "control"},
      {"https://user@example.com/", "user"},
      {"https://user:canary@example.com/", "user"},
      {"https://example.com:65536/", "port"},
      {"https://example.com:x/", "port"},
      {"https://[::1/", "host"},
      {"https://[zz]/", "host"},
      {"https://example.com/" + std::string(9000, 'a'), "longer"},
  };
  for (const Case& test : kCases) {
    INFO(test.url.substr(0, 80));
    const Status status = check_url(test.url);
    CHECK(status.has_value() == std::string_view(test.problem).empty());
    if (!status) {
      CHECK_THAT(status.error().message, Catch::Contains(test.problem));
      CHECK_THAT(status.error().message, !Catch::Contains("canary"));
    }
  }
}

TEST_CASE("of a URL only scheme and host are shown") {
  CHECK(redacted_url("https://hooks.slack.com/services/T0/B0/x") == "https://hooks.slack.com/…");
  CHECK(redacted_url("https://user:pw@example.com:8443/?token=1") == "https://example.com:8443/…");
  CHECK(redacted_url("http://[2001:db8::1]/x") == "http://[2001:db8::1]/…");
  CHECK(redacted_url("secret") == "…");
  CHECK(redacted_url("https://a b") == "…");
}

TEST_CASE("an answer does not repeat what only the sender knew") {
  HttpRequest request;
  request.url =
      Secret("https://h.example/services/T0000AAAA/B0000BBBB/s3cretS3cret?key=k12345&a=b");
  request.headers = {{"Authorization", Secret("Bearer xoxb-1234567890")},
                     {"Content-Type", Secret("application/json")},
                     {"X-Custom", Secret("canary-header-value")},
                     {"webhook-id", Secret("msg_1234567890")}};
  const Redactor redactor(request);
  struct Case {
    std::string body, shown;
  };
  const Case kCases[] = {
      {"Cannot POST /services/T0000AAAA/B0000BBBB/s3cretS3cret", "Cannot POST [...]"},
      {"no /services/T0000AAAA/B0000BBBB/s3cretS3cret?key=k12345&a=b.", "no [...]."},
      {R"(\/services\/T0000AAAA\/B0000BBBB\/s3cretS3cret)", R"(\/services\/[...]\/[...]\/[...])"},
      {"key k12345 k12345", "key [...] [...]"},
      {"token xoxb-1234567890 is bad", "token [...] is bad"},
      {"header Bearer xoxb-1234567890", "header [...]"},
      {"canary-header-value", "[...]"},
      {"msg_1234567890 application/json services ok a=b",
       "msg_1234567890 application/json services ok a=b"},
      {"", ""},
  };
  for (const Case& test : kCases) {
    std::string text = test.body;
    redactor.apply(text);
    CHECK(text == test.shown);
  }
}

}  // namespace
}  // namespace tocsin::net
