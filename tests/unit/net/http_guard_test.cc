#include "net/http_guard.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/net/http_support.h"

using namespace std::string_literals;

namespace tocsin::net {
namespace {

const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

// Each is sent as it is, over a socket. Whatever a refused one tries to hide behind itself must not
// be read as a request.
struct Case {
  const char* name;
  std::string bytes;
  int status = 400;
};

std::vector<Case> refused() {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      // Transfer-Encoding
      {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n" + kSmuggled},
      {"identity", post + "Transfer-Encoding: identity\r\n\r\n" + kSmuggled},
      {"chunked, identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"identity, chunked", post + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"},
      {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"two codings",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two codings, one other",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"},
      {"empty coding", post + "Transfer-Encoding:\r\n\r\n" + kSmuggled},
      {"quoted coding", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
      {"coding with a parameter", post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"},
      {"coding with a vertical tab", post + "Transfer-Encoding: \x0b"
                                            "chunked\r\n\r\n0\r\n\r\n"},
      {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
      {"tab before the colon", post + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"},
      {"coding on a folded line", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
      {"coding after a bare CR", post + "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"coding after a bare LF", post + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      // both
      {"CL then TE",
       post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kSmuggled},
      {"TE then CL",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + kSmuggled},
      {"CL 0 and TE", post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      // Content-Length
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"the same length twice", post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
      {"a list of lengths", post + "Content-Length: 1, 1\r\n\r\na"},
      {"negative", post + "Content-Length: -1\r\n\r\na"},
      {"plus", post + "Content-Length: +1\r\n\r\na"},
      {"hexadecimal", post + "Content-Length: 0x1\r\n\r\na"},
      {"blank inside", post + "Content-Length: 1 0\r\n\r\na"},
      {"decimal point", post + "Content-Length: 1.0\r\n\r\na"},
      {"empty length", post + "Content-Length:\r\n\r\n" + kSmuggled},
      {"letters", post + "Content-Length: one\r\n\r\n" + kSmuggled},
      {"more than 64 bits", post + "Content-Length: 18446744073709551617\r\n\r\na"},
      {"Arabic digits", post + "Content-Length: \xd9\xa1\r\n\r\na"},
      {"NUL in the length", post + "Content-Length: 1\0\r\n\r\na"s},
      // request line
      {"empty line first", "\r\n" + get + "\r\n"},
      {"blank first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"HTTP/0.9", "GET /\r\n\r\n"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n"},
      {"no version", "GET / \r\nHost: a\r\n\r\n"},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"tab in place of a blank", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"blank at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
      {"two requests in a line", "GET / HTTP/1.1 GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no method", "/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s},
      {"binary", "\x00\x01\x02\x03"s},
      // target
      {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no slash", "GET metrics HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"backslash", "GET /a\\..\\b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"dot dot", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"dot dot at the end", "GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped dot dot", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a dot", "GET /./b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped slash", "GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped backslash", "GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped line end", "GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escape without digits", "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escape cut off", "GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"escaped bytes that are not UTF-8", "GET /a%c0%ae HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"raw bytes in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s},
      // Host
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", get + "Host: a\r\n\r\n"},
      {"an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
      {"a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
      {"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"a host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      // fields and lines
      {"no colon", get + "X\r\n\r\n"},
      {"empty name", get + ": x\r\n\r\n"},
      {"a name with a blank", get + "X Y: z\r\n\r\n"},
      {"a name with a bracket", get + "X(: z\r\n\r\n"},
      {"a name with raw bytes", get + "X\xc3\xa9: z\r\n\r\n"},
      {"obs-fold", get + "X: a\r\n b\r\n\r\n"},
      {"obs-fold with a tab", get + "X: a\r\n\tb\r\n\r\n"},
      {"obs-fold in the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"NUL in a value", get + "X: a\0b\r\n\r\n"s},
      {"a control character in a value", get + "X: a\x01"
                                               "b\r\n\r\n"},
      {"DEL in a value", get + "X: a\x7f"
                               "b\r\n\r\n"},
      {"bare CR in a value", get + "X: a\rb\r\n\r\n"},
      {"bare LF at the end", "GET / HTTP/1.1\nHost: a\n\n"},
      {"bare LF for the empty line", get + "\n"},
      {"CR CR LF", get + "X: y\r\r\n\r\n"},
      {"Connection that is no list", get + "Connection: a b\r\n\r\n"},
      {"100 headers and one more",
       get +
           [] {
             std::string many;
             for (int i = 0; i < 100; ++i) many += "X: y\r\n";
             return many;
           }() +
           "\r\n",
       431},
      {"a head that is too large", get + "X: " + std::string(9000, 'x') + "\r\n\r\n", 431},
      {"a head that does not end", "GET /" + std::string(20000, 'x'), 431},
      {"another expectation", post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417},
      // chunks
      {"chunk size with a sign", chunked + "+1\r\na\r\n0\r\n\r\n"},
      {"chunk size with 0x", chunked + "0x1\r\na\r\n0\r\n\r\n"},
      {"negative chunk size", chunked + "-1\r\na\r\n0\r\n\r\n"},
      {"chunk size with a blank", chunked + "1 \r\na\r\n0\r\n\r\n"},
      {"blank before the chunk size", chunked + " 1\r\na\r\n0\r\n\r\n"},
      {"empty chunk size", chunked + "\r\na\r\n0\r\n\r\n"},
      {"chunk size of more than 64 bits", chunked + "10000000000000001\r\na\r\n0\r\n\r\n"},
      {"chunk line with a bare LF", chunked + "1\na\r\n0\r\n\r\n"},
      {"chunk line with a bare CR", chunked + "1\ra\r\n0\r\n\r\n"},
      {"chunk that is longer than said", chunked + "1\r\nab\r\n0\r\n\r\n"},
      {"chunk that ends with a bare LF", chunked + "1\r\na\n0\r\n\r\n"},
      {"a line end hidden in an extension", chunked + "1;a=\"\n\"\r\nb\r\n0\r\n\r\n" + kSmuggled},
      {"an extension that is no token", chunked + "1;a b=c\r\na\r\n0\r\n\r\n"},
      {"trailers", chunked + "1\r\na\r\n0\r\nX: y\r\n\r\n"},
      {"trailers with a length", chunked + "1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n"},
      {"a long chunk extension", chunked + "1;" + std::string(100'000, 'a') + "\r\nb\r\n0\r\n\r\n"},
      {"many chunk extensions", chunked +
                                    [] {
                                      std::string many;
                                      for (int i = 0; i < 100; ++i)
                                        many += "1;" + std::string(1000, 'a') + "\r\nb\r\n";
                                      return many;
                                    }() +
                                    "0\r\n\r\n"},
  };
}

TEST_CASE(
    "what two readers could understand in two ways is refused, and nothing is read after it") {
  TestService service;
  const auto server = start_server(service);
  std::uint64_t malformed = 0;
  for (const Case& one : refused()) {
    INFO(one.name);
    RawClient client(server->port());
    client.send(one.bytes + kSmuggled);
    const Answer answer = client.read_answer();
    CHECK(answer.status == one.status);
    CHECK(answer.has("Connection: close"));
    CHECK(answer.body.starts_with("{\"error\":\""));
    CHECK(client.ends());
    CHECK(server->stats().malformed == ++malformed);
  }
  CHECK(malformed > 100);
  CHECK(service.paths().empty());
}

TEST_CASE("the same is refused byte by byte") {
  TestService service;
  const auto server = start_server(service);
  int sent = 0;
  for (const Case& one : refused()) {
    if (one.bytes.size() > 200 || ++sent % 4 != 0) continue;
    INFO(one.name);
    RawClient client(server->port());
    for (const char byte : one.bytes) {
      if (!client.send({&byte, 1})) break;
    }
    client.send(kSmuggled);
    CHECK(client.read_answer().status == one.status);
    CHECK(client.ends());
  }
  CHECK(service.paths().empty());
}

TEST_CASE("what is unusual but clear is accepted") {
  struct Accepted {
    const char* name;
    std::string bytes;
    std::string body;  // of the answer
  };
  const std::string host = "Host: a\r\n";
  const Accepted kCases[] = {
      {"plain", "GET / HTTP/1.1\r\n" + host + "\r\n", "GET /? "},
      {"1.0 without host", "GET / HTTP/1.0\r\n\r\n", "GET /? "},
      {"another method", "PROPFIND /x HTTP/1.1\r\n" + host + "\r\n", "PROPFIND /x? "},
      {"escapes", "GET /a%20b%c3%a9?c=%20%zz HTTP/1.1\r\n" + host + "\r\n",
       "GET /a b\xc3\xa9?c=%20%zz "},
      {"double escape stays single", "GET /%252e%252e/a HTTP/1.1\r\n" + host + "\r\n",
       "GET /%2e%2e/a? "},
      {"dots that are names", "GET /.../a..b/.c HTTP/1.1\r\n" + host + "\r\n",
       "GET /.../a..b/.c? "},
      {"dots in the query", "GET /a?../.. HTTP/1.1\r\n" + host + "\r\n", "GET /a?../.. "},
      {"name in any case", "POST / HTTP/1.1\r\nhOST: a\r\ncONTENT-lENGTH: 2\r\n\r\nhi",
       "POST /? hi"},
      {"coding in any case",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
       "POST /? hi"},
      {"blanks around a value", "POST / HTTP/1.1\r\n" + host + "Content-Length: \t 2 \t \r\n\r\nhi",
       "POST /? hi"},
      {"leading zeros", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0002\r\n\r\nhi",
       "POST /? hi"},
      {"no length, no body", "POST / HTTP/1.1\r\n" + host + "\r\n", "POST /? "},
      {"an empty value", "GET / HTTP/1.1\r\n" + host + "X:\r\n\r\n", "GET /? "},
      {"raw bytes in a value", "GET / HTTP/1.1\r\n" + host + "X: \xff\r\n\r\n", "GET /? "},
      {"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8484\r\n\r\n", "GET /? "},
      {"empty chunked body",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /? "},
      {"chunk extension",
       "POST / HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n2;a=b;c=\"d e\"\r\nhi\r\n0\r\n\r\n",
       "POST /? hi"},
      {"chunk size in upper case with zeros",
       "POST / HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n000A\r\n0123456789\r\n00\r\n\r\n",
       "POST /? 0123456789"},
      {"body that looks like a request",
       "POST / HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(kSmuggled.size()) +
           "\r\n\r\n" + kSmuggled,
       "POST /? " + kSmuggled},
  };
  TestService service;
  const auto server = start_server(service);
  for (const Accepted& one : kCases) {
    for (const bool bytewise : {false, true}) {
      INFO(one.name << (bytewise ? ", byte by byte" : ""));
      RawClient client(server->port());
      if (bytewise) {
        for (const char byte : one.bytes) client.send({&byte, 1});
      } else {
        client.send(one.bytes);
      }
      const Answer answer = client.read_answer();
      CHECK(answer.status == 200);
      CHECK(answer.body == one.body);
      client.finish_sending();
      CHECK(client.ends());
    }
  }
  CHECK(server->stats().malformed == 0);
}

TEST_CASE("headers keep their order, and their names are lower-cased") {
  const auto head =
      guard_head("GET /a HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one:  2 \r\nY:\r\n\r\n", {});
  REQUIRE(head);
  const std::vector<std::pair<std::string, std::string>> kExpected = {
      {"host", "h"}, {"x-one", "1"}, {"x-one", "2"}, {"y", ""}};
  CHECK(head->head.headers == kExpected);
  CHECK(head->head.header("x-one") == "1");
  CHECK(head->head.header("z").empty());
  CHECK(head->keep_alive);
}

TEST_CASE("the scanner finds the end of a head wherever it is cut") {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  for (std::size_t first = 0; first < text.size(); ++first) {
    for (std::size_t second = first; second < text.size(); ++second) {
      HeadScanner scanner;
      auto state = scanner.scan(std::string_view(text).substr(0, first));
      if (state == HeadScanner::State::more) {
        state = scanner.scan(std::string_view(text).substr(0, second));
      }
      if (state == HeadScanner::State::more) state = scanner.scan(text);
      REQUIRE(state == HeadScanner::State::complete);
      REQUIRE(scanner.size() == text.size() - 4);
    }
  }
}

}  // namespace
}  // namespace tocsin::net
